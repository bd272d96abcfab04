package dev.bgem3.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A matrix {@code [rows, columns]} stored in a model file, read row by row as fp32.
 *
 * <p>
 * Implementations are thread-safe and document what reading throws for a corrupt file.
 */
public interface MatrixSource {
    /** The number of rows. */
    int rows();

    /** The number of columns. */
    int columns();

    /** Writes row {@code row} to {@code destination[offset .. offset + columns)}. */
    void readRow(int row, float[] destination, int offset);

    /**
     * Returns the linear layer of this weight, including its bias, if it was packed in this layout and
     * stored.
     *
     * @param layout
     *            a layout from {@link PackedLinear#layout()}
     * @return the bytes of {@link PackedLinear#bytes()}, mapped read-only and aligned to at least 64 bytes;
     *         they outlive the kernels
     */
    default Optional<MemorySegment> packed(PackedLayout layout) {
        return Optional.empty();
    }

    /** Wraps {@code values}, {@code [rows, columns]} row-major, without copying. */
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

    /** Stacks the rows of {@code parts}, which must all have the same number of columns. */
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
