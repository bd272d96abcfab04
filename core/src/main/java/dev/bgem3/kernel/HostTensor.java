package dev.bgem3.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A tensor of the CPU providers: row-major, off the heap, without gaps between rows. Its numbers are fp32;
 * only those of a {@link Workspace#roundedTensor} may be bf16.
 *
 * @param data
 *            the numbers, aligned to 64 bytes
 * @param rows
 *            the number of rows
 * @param columns
 *            the number of columns
 * @param isBf16
 *            whether the numbers are bf16 instead of fp32
 */
public record HostTensor(MemorySegment data, int rows, int columns, boolean isBf16) implements Tensor {
    /**
     * The layout of an element. Elements are aligned to 4 bytes, but the unaligned layout avoids a check on
     * each access.
     */
    public static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    /** Casts a tensor of a CPU provider and checks that it is fp32. */
    public static HostTensor of(Tensor tensor) {
        HostTensor host = (HostTensor) tensor;
        if (host.isBf16) {
            throw new IllegalArgumentException("a rounded tensor (expected: one of fp32 for this operation)");
        }
        return host;
    }

    /** Casts a tensor of a CPU provider, fp32 or bf16. */
    public static HostTensor ofAny(Tensor tensor) {
        return (HostTensor) tensor;
    }

    /** Returns the size of a number in bytes. */
    public int elementBytes() {
        return isBf16 ? Short.BYTES : Float.BYTES;
    }

    /** Returns the offset of a row in bytes. */
    public long offsetBytes(int row) {
        return (long) elementBytes() * row * columns;
    }

    /** Returns the address of a number. */
    public long address(int row, int column) {
        return data.address() + offsetBytes(row) + (long) elementBytes() * column;
    }

    /** Returns a view of some rows, which shares this tensor's memory. */
    public HostTensor slice(int firstRow, int rowCount) {
        return new HostTensor(data.asSlice(offsetBytes(firstRow), offsetBytes(rowCount)), rowCount, columns,
                isBf16);
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
