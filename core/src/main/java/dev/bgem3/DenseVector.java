package dev.bgem3;

import dev.bgem3.head.Dot;
import dev.bgem3.io.FloatBytes;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The dense vector of a text.
 *
 * {@snippet file="dev/bgem3/sample/ResultSamplesTest.java" region="dense"}
 *
 * @param values
 *            the elements; the array is shared with the caller and must not be changed
 */
public record DenseVector(float[] values) {
    /** The number of elements in {@code toString}, enough for a reader to tell vectors apart. */
    private static final int SHOWN = 3;

    /** Checks that the array is not null. */
    public DenseVector {
        Objects.requireNonNull(values, "values");
    }

    /**
     * Reads the bytes that {@link #toBytes} wrote.
     *
     * @throws IllegalArgumentException
     *             if the number of bytes is not a multiple of 4
     */
    public static DenseVector fromBytes(byte[] bytes) {
        Objects.requireNonNull(bytes, "bytes");
        return new DenseVector(FloatBytes.floats(bytes, 0));
    }

    /** Returns the elements as little-endian fp32, which numpy's {@code frombuffer(bytes, '<f4')} reads. */
    public byte[] toBytes() {
        return FloatBytes.of(0, values).array();
    }

    /** Returns the number of dimensions. */
    public int dimension() {
        return values.length;
    }

    /**
     * Computes the dot product, the dense score. For normalised vectors it is the cosine.
     *
     * @throws IllegalArgumentException
     *             if the dimensions differ
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
