package dev.bgem3;

import java.util.Arrays;
import java.util.Objects;

/**
 * The encoder's last hidden states, before any head: a matrix {@code [rows, dimension]} with one vector for
 * each token of a text, including {@code <s>} and {@code </s>}. {@link Pooling} computes the dense vector
 * from them.
 *
 * @param values
 *            the elements, row-major; the array is shared with the caller and must not be changed
 * @param rows
 *            the number of tokens
 * @param dimension
 *            the number of elements in a row
 */
public record TokenStates(float[] values, int rows, int dimension) {
    /** Checks that the sizes match the array. */
    public TokenStates {
        Objects.requireNonNull(values, "values");
        if (rows < 0 || dimension < 1 || (long) rows * dimension != values.length) {
            throw new IllegalArgumentException(
                    "values: " + values.length + " numbers (expected: " + rows + " × " + dimension + ")");
        }
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
