package dev.bgem3.bench;

import dev.bgem3.kernel.Arithmetic;

/** Checks results before they are timed. */
final class Agreement {
    /**
     * The tolerance between two fp32 kernels whose results are about 1 in magnitude.
     *
     * <p>
     * Sums of K ≤ 4,096 products with independent signs are off by about u·√K, 4e-6 with u = 2⁻²⁴ (Higham and
     * Mary 2019, section 2), and GELU, softmax and layer norm of such numbers increase that by less than a
     * factor of 4. The bound leaves enough room that no check fails by chance, but is far below the error
     * that any wrong index causes. {@code ProductsDifferentialTest} and similar tests check the strict
     * bounds.
     */
    static final double FP32 = 1e-4;

    /**
     * Like {@link #FP32}, for linear layers whose operands are rounded with a relative error of at most 2⁻⁸,
     * or scaled and rounded with an error of at most 1/254 of a row's maximum: a sum of about 1 is typically
     * off by 0.3 % or 2 %, its layer norm by a few times as much.
     */
    private static final double ROUNDED = 0.1;
    private static final double SCALED = 0.5;

    private Agreement() {}

    /** Returns the tolerance between results about 1 in magnitude and those of fp32. */
    static double of(Arithmetic arithmetic) {
        if (arithmetic.operandRounding() == 0) {
            return FP32;
        }
        return arithmetic.isScaled() ? SCALED : ROUNDED;
    }

    /**
     * Compares arrays element by element.
     *
     * @throws IllegalStateException
     *             if two elements differ by more than {@code tolerance} or either is NaN
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
