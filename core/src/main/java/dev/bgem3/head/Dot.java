package dev.bgem3.head;

/** Computes dot products of result vectors in double precision. */
public final class Dot {
    private Dot() {}

    /**
     * Returns the dot product of {@code length} elements of each array. Uses four independent sums, so that
     * the additions do not wait for one another.
     */
    public static double product(float[] a, int aOffset, float[] b, int bOffset, int length) {
        double sum0 = 0;
        double sum1 = 0;
        double sum2 = 0;
        double sum3 = 0;
        int i = 0;
        for (; i + 4 <= length; i += 4) {
            sum0 += (double) a[aOffset + i] * b[bOffset + i];
            sum1 += (double) a[aOffset + i + 1] * b[bOffset + i + 1];
            sum2 += (double) a[aOffset + i + 2] * b[bOffset + i + 2];
            sum3 += (double) a[aOffset + i + 3] * b[bOffset + i + 3];
        }
        for (; i < length; i++) {
            sum0 += (double) a[aOffset + i] * b[bOffset + i];
        }
        return sum0 + sum1 + (sum2 + sum3);
    }
}
