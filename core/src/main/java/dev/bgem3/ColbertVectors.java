package dev.bgem3;

import dev.bgem3.head.LateInteraction;
import java.util.Arrays;
import java.util.Objects;

/**
 * ColBERT vectors: a matrix {@code [rows, dimension]} with one vector of length 1 for each token of a text
 * but its first.
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
        if (rows < 0 || dimension < 1 || (long) rows * dimension != values.length) {
            throw new IllegalArgumentException(
                    "values: " + values.length + " numbers (expected: " + rows + " × "
                            + dimension + ")");
        }
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
