package dev.bgem3;

import dev.bgem3.head.LateInteraction;
import dev.bgem3.io.FloatBytes;
import java.util.Arrays;
import java.util.Objects;

/**
 * ColBERT vectors: a matrix {@code [rows, dimension]} with one vector of length 1 for each token of a text
 * but its first.
 *
 * {@snippet file="dev/bgem3/sample/ResultSamplesTest.java" region="colbert"}
 *
 * @param values
 *            row-major; the caller shares the array with this object and must not change it
 * @param rows
 *            the number of tokens without {@code <s>}, with {@code </s>}
 * @param dimension
 *            the numbers in a row
 */
public record ColbertVectors(float[] values, int rows, int dimension) {
    /** Checks that the sizes fit the array. */
    public ColbertVectors {
        Objects.requireNonNull(values, "values");
        if (rows < 0 || dimension < 1 || (long) rows * dimension != values.length) {
            throw new IllegalArgumentException(
                    "values: " + values.length + " numbers (expected: " + rows + " × "
                            + dimension + ")");
        }
    }

    /**
     * The matrix of some rows, which are copied.
     *
     * @throws IllegalArgumentException
     *             where there is no row, or they are not all of one length
     */
    public static ColbertVectors of(float[][] rows) {
        Objects.requireNonNull(rows, "rows");
        if (rows.length == 0) {
            throw new IllegalArgumentException("rows: none (expected: at least one)");
        }
        int dimension = rows[0].length;
        float[] values = new float[Math.multiplyExact(rows.length, dimension)];
        for (int i = 0; i < rows.length; i++) {
            if (rows[i].length != dimension) {
                throw new IllegalArgumentException("row " + i + ": " + rows[i].length
                        + " numbers (expected: " + dimension + ", as row 0 has)");
            }
            System.arraycopy(rows[i], 0, values, i * dimension, dimension);
        }
        return new ColbertVectors(values, rows.length, dimension);
    }

    /**
     * Vectors from what {@link #toBytes} wrote.
     *
     * @throws IllegalArgumentException
     *             where the sizes do not fit the bytes
     */
    public static ColbertVectors fromBytes(byte[] bytes) {
        Objects.requireNonNull(bytes, "bytes");
        int[] sizes = FloatBytes.ints(bytes, 2);
        return new ColbertVectors(FloatBytes.floats(bytes, 2), sizes[0], sizes[1]);
    }

    /** Rows and dimension as int32, then the numbers as fp32, row-major; all little-endian. */
    public byte[] toBytes() {
        return FloatBytes.of(2, values).putInt(rows).putInt(dimension).array();
    }

    /**
     * A copy of one row.
     *
     * @throws IndexOutOfBoundsException
     *             where there is no such row
     */
    public float[] row(int row) {
        Objects.checkIndex(row, rows);
        return Arrays.copyOfRange(values, row * dimension, (row + 1) * dimension);
    }

    /**
     * The ColBERT score with this as the query: the mean over this one's rows of the largest dot product with
     * a row of {@code passage} (late interaction, Khattab and Zaharia 2020, divided by the query's length).
     * The dot products are summed in fp32: for rows of length 1 the score is off by at most about
     * {@code (65 + dimension/64) · 2⁻²⁴}. One thread works, for 2 · rows · rows · dimension operations.
     *
     * @throws IllegalArgumentException
     *             where the dimensions differ or either side has no rows
     */
    public float score(ColbertVectors passage) {
        Objects.requireNonNull(passage, "passage");
        if (passage.dimension != dimension) {
            throw new IllegalArgumentException(
                    "dimension: " + passage.dimension + " (expected: " + dimension + ")");
        }
        if (rows == 0 || passage.rows == 0) {
            throw new IllegalArgumentException(
                    "rows: " + rows + " and " + passage.rows + " (expected: at least 1 on both sides)");
        }
        double sum = 0;
        for (float best : LateInteraction.best(values, passage.values, dimension)) {
            sum += best;
        }
        return (float) (sum / rows);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ColbertVectors that && rows == that.rows
                && Arrays.equals(values, that.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return "ColbertVectors[" + rows + " rows of " + dimension + "]";
    }
}
