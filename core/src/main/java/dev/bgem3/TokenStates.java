package dev.bgem3;

import java.util.Arrays;
import java.util.Objects;

/**
 * The encoder's last hidden states, before any head: a matrix {@code [rows, dimension]} with one vector for
 * each token of a text, {@code <s>} and {@code </s>} included. The dense vector is made of them by {@link
 * Pooling}.
 *
 * @param values
 *            row-major; the caller shares the array with this object and must not change it
 * @param rows
 *            the number of tokens
 * @param dimension
 *            the numbers in a row
 */
public record TokenStates(float[] values, int rows, int dimension) {
    /** Checks that the sizes fit the array. */
    public TokenStates {
        Objects.requireNonNull(values, "values");
        if (rows < 0 || dimension < 1 || (long) rows * dimension != values.length) {
            throw new IllegalArgumentException(
                    "values: " + values.length + " numbers (expected: " + rows + " × " + dimension + ")");
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

    @Override
    public boolean equals(Object other) {
        return other instanceof TokenStates that && rows == that.rows && Arrays.equals(values, that.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return "TokenStates[" + rows + " rows of " + dimension + "]";
    }
}
