package dev.bgem3.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A matrix {@code [rows, columns]} as it lies in a model's file, read row by row into fp32.
 *
 * <p>
 * Implementations are thread-safe. Reading may throw what the implementation says of a bad file.
 */
public interface MatrixSource {
    /** The number of rows. */
    int rows();

    /** The number of columns. */
    int columns();

    /** Writes row {@code row} to {@code destination[offset .. offset + columns)}. */
    void readRow(int row, float[] destination, int offset);

    /**
     * The linear layer of this weight, its bias included, that was packed in a layout before and kept since,
     * or nothing.
     *
     * @param layout
     *            as {@link PackedLinear#layout()} has it
     * @return the bytes that {@link PackedLinear#bytes()} had, mapped read-only and aligned to 64 bytes at
     * least; they outlive
     *         the kernels
     */
    default Optional<MemorySegment> packed(PackedLayout layout) {
        return Optional.empty();
    }

    /** The matrix {@code values}, {@code [rows, columns]} row-major, which is not copied. */
    static MatrixSource of(int rows, int columns, float[] values) {
        if (values.length != (long) rows * columns) {
            throw new IllegalArgumentException(
                    "values: " + values.length + " (expected: " + rows + " times " + columns + ")");
        }
        return new MatrixSource() {
            @Override
            public int rows() {
                return rows;
            }

            @Override
            public int columns() {
                return columns;
            }

            @Override
            public void readRow(int row, float[] destination, int offset) {
                System.arraycopy(values, row * columns, destination, offset, columns);
            }
        };
    }

    /** The rows of {@code parts} one under another; all have as many columns as the first. */
    static MatrixSource stacked(MatrixSource... parts) {
        int rows = 0;
        for (MatrixSource part : parts) {
            if (part.columns() != parts[0].columns()) {
                throw new IllegalArgumentException(
                        "columns: " + part.columns() + " (expected: " + parts[0].columns() + ")");
            }
            rows += part.rows();
        }
        int allRows = rows;
        return new MatrixSource() {
            @Override
            public int rows() {
                return allRows;
            }

            @Override
            public int columns() {
                return parts[0].columns();
            }

            @Override
            public void readRow(int row, float[] destination, int offset) {
                int rest = row;
                for (MatrixSource part : parts) {
                    if (rest < part.rows()) {
                        part.readRow(rest, destination, offset);
                        return;
                    }
                    rest -= part.rows();
                }
                throw new IndexOutOfBoundsException("row: " + row + " (expected: 0.." + (allRows - 1) + ")");
            }
        };
    }
}
