package dev.bgem3.kernel.vector;

import dev.bgem3.kernel.Tensor;
import java.lang.foreign.MemorySegment;

/** Row-major fp32 off the heap, without gaps between rows. */
record SegmentTensor(MemorySegment data, int rows, int columns) implements Tensor {
    static SegmentTensor of(Tensor tensor) {
        return (SegmentTensor) tensor;
    }

    /** Where a row starts, in bytes. */
    long offsetBytes(int row) {
        return 4L * row * columns;
    }

    /** Copies one row into {@code destination[offset ..]}. */
    void readRow(int row, float[] destination, int offset) {
        MemorySegment.copy(data, Lanes.FLOAT, offsetBytes(row), destination, offset, columns);
    }

    /** Copies {@code source[offset ..]} into one row. */
    void writeRow(int row, float[] source, int offset) {
        MemorySegment.copy(source, offset, data, Lanes.FLOAT, offsetBytes(row), columns);
    }
}
