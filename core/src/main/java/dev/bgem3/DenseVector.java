package dev.bgem3;

import dev.bgem3.head.Dot;
import dev.bgem3.io.FloatBytes;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A dense vector: one row of numbers for a text.
 *
 * {@snippet file="dev/bgem3/sample/ResultSamplesTest.java" region="dense"}
 *
 * @param values
 *            the numbers; the caller shares the array with this object and must not change it
 */
public record DenseVector(float[] values) {
    /** So many numbers tell a vector from others for a reader. */
    private static final int SHOWN = 3;

    /** A vector with its numbers. */
    public DenseVector {
        Objects.requireNonNull(values, "values");
    }

    /**
     * A vector from what {@link #toBytes} wrote.
     *
     * @throws IllegalArgumentException
     *             where the bytes are not whole numbers
     */
    public static DenseVector fromBytes(byte[] bytes) {
        Objects.requireNonNull(bytes, "bytes");
        return new DenseVector(FloatBytes.floats(bytes, 0));
    }

    /**
     * The numbers as fp32, little-endian, 4 bytes each: what numpy's {@code frombuffer(bytes, '<f4')} reads.
     */
    public byte[] toBytes() {
        return FloatBytes.of(0, values).array();
    }

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
        Objects.requireNonNull(other, "other");
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
        return "DenseVector[" + values.length + " dimensions: "
                + IntStream.range(0, Math.min(SHOWN, values.length)).mapToObj(i -> Float.toString(values[i]))
                        .collect(Collectors.joining(", "))
                + (values.length > SHOWN ? ", …]" : "]");
    }
}
