package dev.bgem3.kernel.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * exp and GELU on vectors, and a scalar exp with the same bits.
 *
 * <p>
 * The polynomials are weighted minimax fits from {@code src/reference/fit_polynomials.py}.
 */
final class VectorMath {
    /** The limit below which exp returns 0: there it is close to 1.2e-38, the smallest normal number. */
    private static final float MIN_EXPONENT = -87.3f;

    private static final float LOG2_E = 1.4426950408889634f;
    /**
     * ln 2 in two parts; the first has 9 significant bits, so its product with an 8-bit exponent is exact.
     */
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.1219444e-4f;
    /** Adding 1.5·2²³ rounds to an integer and leaves it in the low bits. */
    private static final float ROUNDER = 12582912f;
    /** The bits of 1; adding n to its exponent field gives 2ⁿ. */
    private static final int ONE_BITS = 0x3f800000;

    /** {@code exp(r) = 1 + r + r²·(E0 + E1·r + … + E4·r⁴)}, relative error 3.1e-9 for |r| ≤ ln 2 / 2. */
    private static final float E0 = 0x1.fffffcp-2f;
    private static final float E1 = 0x1.555492p-3f;
    private static final float E2 = 0x1.5558f2p-5f;
    private static final float E3 = 0x1.1239e2p-7f;
    private static final float E4 = 0x1.6a2434p-10f;

    /**
     * {@code erfc(x/√2) = exp(−x·(G0 + G1·x + … + G7·x⁷))} for x ≥ 0, absolute error 1.6e-8 in exact
     * arithmetic.
     */
    private static final float G0 = 0.7978852987289429f;
    private static final float G1 = 0.318298876285553f;
    private static final float G2 = 0.03638757765293121f;
    private static final float G3 = -0.004895989783108234f;
    private static final float G4 = 9.4917064e-5f;
    private static final float G5 = 1.2905031e-4f;
    private static final float G6 = -2.7294534e-5f;
    private static final float G7 = 1.9650117e-6f;

    private VectorMath() {}

    /**
     * Computes exp(x) for x ≤ 0, within 2 units in the last place: the reduction x − n·ln 2 is exact in its
     * high part; the polynomial adds 3.1e-9 and three roundings. Returns 0 below −87.3; NaN stays NaN. Above
     * 0 it is valid up to 88.
     */
    static FloatVector exp(FloatVector x) {
        VectorMask<Float> tiny = x.compare(VectorOperators.LT, MIN_EXPONENT);
        FloatVector shifted = x.fma(FloatVector.broadcast(Lanes.SPECIES, LOG2_E),
                FloatVector.broadcast(Lanes.SPECIES, ROUNDER));
        FloatVector n = shifted.sub(ROUNDER);
        FloatVector r = n.fma(FloatVector.broadcast(Lanes.SPECIES, -LN2_HIGH), x);
        r = n.fma(FloatVector.broadcast(Lanes.SPECIES, -LN2_LOW), r);
        FloatVector p = r.fma(FloatVector.broadcast(Lanes.SPECIES, E4),
                FloatVector.broadcast(Lanes.SPECIES, E3));
        p = p.fma(r, FloatVector.broadcast(Lanes.SPECIES, E2));
        p = p.fma(r, FloatVector.broadcast(Lanes.SPECIES, E1));
        p = p.fma(r, FloatVector.broadcast(Lanes.SPECIES, E0));
        p = p.mul(r).fma(r, r).add(1);
        // Multiply by 2ⁿ: adding n to the exponent bits of p could turn a NaN into a number.
        IntVector power = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(ONE_BITS);
        return p.mul(power.reinterpretAsFloats()).blend(0, tiny);
    }

    /** Computes exp with the same bits as each lane of the vector form. */
    static float exp(float x) {
        if (x < MIN_EXPONENT) {
            return 0;
        }
        float shifted = Math.fma(x, LOG2_E, ROUNDER);
        float n = shifted - ROUNDER;
        float r = Math.fma(n, -LN2_HIGH, x);
        r = Math.fma(n, -LN2_LOW, r);
        float p = Math.fma(r, E4, E3);
        p = Math.fma(p, r, E2);
        p = Math.fma(p, r, E1);
        p = Math.fma(p, r, E0);
        p = Math.fma(p * r, r, r) + 1;
        return p * Float.intBitsToFloat((Float.floatToRawIntBits(shifted) << 23) + ONE_BITS);
    }

    /**
     * Computes {@code gelu(z) = z·Φ(z)} with {@code Φ(−|z|) = erfc(|z|/√2) / 2}.
     *
     * <p>
     * The absolute error of Φ is at most 1.1e-7. With y the exponent, Φ(−|z|) = exp(−y)/2, and the errors
     * are: half of the fit's 1.6e-8; half of exp's 2 units in the last place, at most 1.2e-7 of a number that
     * is exp(−y); half of exp(−y) times the rounding of the exponent, at most 3·2⁻²⁴·y, which is below 3.3e-8
     * because y·exp(−y) ≤ 0.37; and 3e-8 from rounding 1 − Φ. The largest error that the test finds is
     * 6.7e-8, and its limit is 1e-7: so erf = 2·Φ − 1 is within 2e-7.
     */
    static FloatVector gelu(FloatVector z) {
        FloatVector x = z.abs();
        FloatVector q = x.fma(FloatVector.broadcast(Lanes.SPECIES, G7),
                FloatVector.broadcast(Lanes.SPECIES, G6));
        q = q.fma(x, FloatVector.broadcast(Lanes.SPECIES, G5));
        q = q.fma(x, FloatVector.broadcast(Lanes.SPECIES, G4));
        q = q.fma(x, FloatVector.broadcast(Lanes.SPECIES, G3));
        q = q.fma(x, FloatVector.broadcast(Lanes.SPECIES, G2));
        q = q.fma(x, FloatVector.broadcast(Lanes.SPECIES, G1));
        q = q.fma(x, FloatVector.broadcast(Lanes.SPECIES, G0));
        FloatVector tail = exp(q.mul(x).neg()).mul(0.5f);
        VectorMask<Float> positive = z.compare(VectorOperators.GT, 0);
        FloatVector cumulative = tail.blend(FloatVector.broadcast(Lanes.SPECIES, 1).sub(tail), positive);
        return z.mul(cumulative);
    }
}
