package dev.bgem3;

import dev.bgem3.head.Dot;
import java.util.Arrays;

/**
 * A dense vector: one row of numbers for a text.
 *
 * @param values
 *            the numbers; the caller shares the array with this object and must not change it
 */
public record DenseVector(float[] values) {
    /** The number of dimensions. */
    public int dimension() {
        return values.length;
    }

    /**
     * The dot product, the dense score; the cosine where both are normalised.
     *
     * @throws IllegalArgumentException
     *             where the dimensions differ
     */
    public float dot(DenseVector other) {
        if (other.values.length != values.length) {
            throw new IllegalArgumentException(
                    "dimension: " + other.values.length + " (expected: " + values.length + ")");
        }
        return (float) Dot.product(values, 0, other.values, 0, values.length);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof DenseVector vector && Arrays.equals(values, vector.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return "DenseVector[" + values.length + " dimensions]";
    }
}
