package dev.bgem3.kernel;

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
