package dev.bgem3;

import dev.bgem3.head.LateInteraction;
import dev.bgem3.io.FloatBytes;
import java.util.Arrays;
import java.util.Objects;

/**
 * ColBERT vectors: a matrix {@code [rows, dimension]} with one vector of length 1 for each token of a text
 * except the first.
 *
 * {@snippet file="dev/bgem3/sample/ResultSamplesTest.java" region="colbert"}
 *
 * @param values
 *            the elements, row-major; the array is shared with the caller and must not be changed
 * @param rows
 *            the number of tokens, without {@code <s>} but with {@code </s>}
 * @param dimension
 *            the number of elements in a row
 */
public record ColbertVectors(float[] values, int rows, int dimension) {
    /** Checks that the sizes match the array. */
    public ColbertVectors {
        Objects.requireNonNull(values, "values");
        if (rows < 0 || dimension < 1 || (long) rows * dimension != values.length) {
            throw new IllegalArgumentException(
                    "values: " + values.length + " numbers (expected: " + rows + " × "
                            + dimension + ")");
        }
    }

    /**
     * Creates a matrix from rows, which are copied.
     *
     * @throws IllegalArgumentException
     *             if there are no rows, or they differ in length
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
     * Reads the bytes that {@link #toBytes} wrote.
     *
     * @throws IllegalArgumentException
     *             if the sizes do not match the bytes
     */
    public static ColbertVectors fromBytes(byte[] bytes) {
        Objects.requireNonNull(bytes, "bytes");
        int[] sizes = FloatBytes.ints(bytes, 2);
        return new ColbertVectors(FloatBytes.floats(bytes, 2), sizes[0], sizes[1]);
    }

    /**
     * Returns the number of rows and the dimension as int32, then the elements as fp32, row-major, all
     * little-endian.
     */
    public byte[] toBytes() {
        return FloatBytes.of(2, values).putInt(rows).putInt(dimension).array();
    }

    /**
     * Returns a copy of a row.
     *
     * @throws IndexOutOfBoundsException
     *             if there is no such row
     */
    public float[] row(int row) {
        Objects.checkIndex(row, rows);
        return Arrays.copyOfRange(values, row * dimension, (row + 1) * dimension);
    }

    /**
     * Computes the ColBERT score with this as the query: the mean, over its rows, of the largest dot product
     * with a row of {@code passage} (late interaction, Khattab and Zaharia 2020, divided by the query's
     * length). The dot products are summed in fp32: for rows of length 1 the error of the score is at most
     * about {@code (65 + dimension/64) · 2⁻²⁴}. Runs in one thread and takes 2 · rows · passage rows ·
     * dimension operations.
     *
     * @throws IllegalArgumentException
     *             if the dimensions differ or either side has no rows
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
