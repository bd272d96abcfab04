package dev.bgem3.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A tensor of the providers that compute on the CPU: row-major off the heap, without gaps between rows. Its
 * numbers are fp32, but for those of a {@link Workspace#roundedTensor}, which may be bf16.
 *
 * @param data
 *            the numbers, aligned to 64 bytes
 * @param rows
 *            the number of rows
 * @param columns
 *            the number of columns
 * @param isBf16
 *            whether the numbers are bf16; else they are fp32
 */
public record HostTensor(MemorySegment data, int rows, int columns, boolean isBf16) implements Tensor {
    /**
     * Elements may lie at any multiple of 4 bytes from an aligned start; the unaligned layout spares a check
     * each access.
     */
    public static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    /** The tensor as such a provider made it, of fp32. */
    public static HostTensor of(Tensor tensor) {
        HostTensor host = (HostTensor) tensor;
        if (host.isBf16) {
            throw new IllegalArgumentException("a rounded tensor (expected: one of fp32 for this operation)");
        }
        return host;
    }

    /** The tensor as such a provider made it, fp32 or bf16. */
    public static HostTensor ofAny(Tensor tensor) {
        return (HostTensor) tensor;
    }

    /** The size of a number. */
    public int elementBytes() {
        return isBf16 ? Short.BYTES : Float.BYTES;
    }

    /** Where a row starts, in bytes. */
    public long offsetBytes(int row) {
        return (long) elementBytes() * row * columns;
    }

    /** Where a number lies in memory. */
    public long address(int row, int column) {
        return data.address() + offsetBytes(row) + (long) elementBytes() * column;
    }

    /** Some of its rows, in the same memory. */
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
