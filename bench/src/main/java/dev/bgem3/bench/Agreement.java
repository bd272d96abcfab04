package dev.bgem3.bench;

import dev.bgem3.kernel.Arithmetic;

/** The check that stands before every timing. */
final class Agreement {
    /**
     * How far two fp32 kernels may differ where every result is about 1 in magnitude.
     *
     * <p>
     * Sums of K ≤ 4,096 products with independent signs are off by about u·√K, 4e-6 with u = 2⁻²⁴ (Higham and
     * Mary 2019, section 2), and GELU, softmax and layer norm of such numbers multiply that by less than 4.
     * What is left is room enough that chance never fails a check, and far below what any wrong index gives.
     * The strict bounds are held by {@code ProductsDifferentialTest} and its like.
     */
    static final double FP32 = 1e-4;

    /**
     * As {@link #FP32} for linear layers of numbers of 8 and of 7 bits, rounded to relative 2⁻⁸ and to 1/254
     * of a row's largest: a sum that is about 1 is off by 0.3 % and 2 % as a rule, its layer norm by a few
     * times that.
     */
    private static final double BF16 = 0.1;
    private static final double INT8 = 0.5;

    private Agreement() {}

    /** How far results about 1 in magnitude may differ from fp32's. */
    static double of(Arithmetic arithmetic) {
        return switch (arithmetic) {
            case FP32 -> FP32;
            case FP16, BF16 -> BF16;
            case INT8 -> INT8;
        };
    }

    /**
     * Compares number by number.
     *
     * @throws IllegalStateException
     *             where two differ by more than {@code tolerance} or either is NaN
     */
    static void check(String what, float[] actual, float[] expected, double tolerance) {
        if (actual.length != expected.length) {
            throw new IllegalStateException(
                    what + ": " + actual.length + " numbers (expected: " + expected.length + ")");
        }
        for (int i = 0; i < actual.length; i++) {
            if (!(Math.abs((double) actual[i] - expected[i]) <= tolerance)) {
                throw new IllegalStateException(
                        what + " [" + i + "]: " + actual[i] + " (expected: " + expected[i]
                                + " ± " + tolerance + ")");
            }
        }
    }
}
