package dev.bgem3.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A tensor of the providers that compute on the CPU: row-major fp32 off the heap, without gaps between rows.
 *
 * @param data
 *            the numbers, aligned to 64 bytes
 * @param rows
 *            the number of rows
 * @param columns
 *            the number of columns
 */
public record HostTensor(MemorySegment data, int rows, int columns) implements Tensor {
    /** Elements may lie at any multiple of 4 bytes from an aligned start; the unaligned layout spares a check each access. */
    public static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    /** The tensor as such a provider made it. */
    public static HostTensor of(Tensor tensor) {
        return (HostTensor) tensor;
    }

    /** Where a row starts, in bytes. */
    public long offsetBytes(int row) {
        return 4L * row * columns;
    }

    /** Copies one row into {@code destination[offset ..]}. */
    public void readRow(int row, float[] destination, int offset) {
        MemorySegment.copy(data, FLOAT, offsetBytes(row), destination, offset, columns);
    }

    /** Copies {@code source[offset ..]} into one row. */
    public void writeRow(int row, float[] source, int offset) {
        MemorySegment.copy(source, offset, data, FLOAT, offsetBytes(row), columns);
    }
}
