package dev.bgem3.kernel.scalar;

/**
 * The error function in double precision: {@code erf(x) = 2/√π · ∫₀ˣ exp(−t²) dt}.
 *
 * <p>
 * Uses the Maclaurin series with positive terms (Abramowitz and Stegun 7.1.6) below 2.5, and the continued
 * fraction of erfc (7.1.14), evaluated from its 60th term, above. Both converge to better than 1e-14.
 */
final class Erf {
    private static final double TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

    private Erf() {}

    static double erf(double x) {
        double magnitude = Math.abs(x);
        if (!(magnitude < 6)) { // 1 − erf(6) < 3e-17; NaN stays NaN
            return Double.isNaN(x) ? x : Math.signum(x);
        }
        return magnitude < 2.5 ? series(x) : Math.copySign(1 - continuedFraction(magnitude), x);
    }

    /** erf(x) = 2/√π · exp(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n+1)). */
    private static double series(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return TWO_OVER_SQRT_PI * Math.exp(-x * x) * sum;
    }

    /** erfc(x) = exp(−x²)/√π · 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/(x + …)))). */
    private static double continuedFraction(double x) {
        double fraction = x;
        for (int n = 60; n >= 1; n--) {
            fraction = x + n / 2.0 / fraction;
        }
        return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
    }
}
