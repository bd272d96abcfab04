package dev.bgem3.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class VectorMathTest {
    private static float vectorExp(float x) {
        return VectorMath.exp(FloatVector.broadcast(Lanes.SPECIES, x)).lane(0);
    }

    private static float vectorGelu(float z) {
        return VectorMath.gelu(FloatVector.broadcast(Lanes.SPECIES, z)).lane(Lanes.COUNT - 1);
    }

    @Test
    void expIsWithinTwoUnitsInTheLastPlaceAndEqualsItsScalarForm() {
        float[] lanes = new float[Lanes.COUNT];
        double worst = 0;
        for (float start = -87.3f; start <= 0; start += 0.01f) {
            for (int i = 0; i < lanes.length; i++) {
                lanes[i] = Math.min(0, start + i * 0.000_7f);
            }
            float[] results = VectorMath.exp(FloatVector.fromArray(Lanes.SPECIES, lanes, 0)).toArray();
            for (int i = 0; i < lanes.length; i++) {
                double exact = Math.exp(lanes[i]);
                worst = Math.max(worst, Math.abs(results[i] - exact) / Math.ulp((float) exact));
                assertThat(VectorMath.exp(lanes[i])).as("exp(%s)", lanes[i]).isEqualTo(results[i]);
            }
        }
        assertThat(worst).as("units in the last place").isLessThanOrEqualTo(2);
    }

    @Test
    void expKeepsItsLimits() {
        for (float x : new float[]{-87.31f, -1e4f, -3e38f, Float.NEGATIVE_INFINITY}) {
            assertThat(vectorExp(x)).as("exp(%s)", x).isZero();
            assertThat(VectorMath.exp(x)).isZero();
        }
        assertThat(vectorExp(0)).isEqualTo(1);
        assertThat(vectorExp(-0f)).isEqualTo(1);
        assertThat(vectorExp(Float.NaN)).isNaN();
        for (int payload : new int[]{0x7fc00000, 0x7fc00001, 0x7fc001ff, 0xffc00001, 0x7fffffff,
                0xffffffff}) {
            float nan = Float.intBitsToFloat(payload);
            assertThat(vectorExp(nan)).as("exp of NaN %x", payload).isNaN();
            assertThat(VectorMath.exp(nan)).isNaN();
        }
    }

    /** erf = 2·Φ(√2·x) − 1, so the error of gelu(z)/z is half that of erf: 1e-7 for 2e-7. */
    @Test
    void geluIsWithinTheStatedError() {
        Random random = new Random(3);
        double worst = 0;
        for (int i = 0; i < 400_000; i++) {
            float z = i < 200_000 ? (i - 100_000) * 1e-4f : (float) (random.nextGaussian() * 3);
            double exact = z * cumulative(z);
            double error = Math.abs(vectorGelu(z) - exact);
            // The last product rounds once.
            worst = Math.max(worst, (error - Math.ulp((float) exact) / 2) / Math.max(Math.abs(z), 1e-30));
        }
        assertThat(worst).as("error of Φ").isLessThanOrEqualTo(1e-7);
    }

    @Test
    void geluKeepsItsLimits() {
        assertThat(vectorGelu(0)).isZero();
        assertThat(vectorGelu(-0f)).isZero();
        assertThat(vectorGelu(Float.NaN)).isNaN();
        for (float z : new float[]{20, 1e3f, 1e6f, 1e20f, 3e38f, Float.POSITIVE_INFINITY}) {
            assertThat(vectorGelu(z)).as("gelu(%s)", z).isEqualTo(z);
        }
        for (float z : new float[]{-20, -1e3f, -1e6f, -1e20f, -3e38f}) {
            assertThat(vectorGelu(z)).as("gelu(%s)", z).isZero();
        }
        assertThat(vectorGelu(Float.NEGATIVE_INFINITY)).isNaN(); // −∞ · 0, as in the reference
    }

    /** Computes Φ by Simpson's rule, independently of both erf implementations, to within 1e-11. */
    private static double cumulative(double z) {
        double limit = Math.min(Math.abs(z), 9);
        int steps = 2 * (int) Math.ceil(limit * 20 + 1);
        double h = limit / steps;
        double[] terms = new double[steps + 1];
        for (int i = 0; i <= steps; i++) {
            double weight = i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2;
            terms[i] = weight * Math.exp(-i * h * i * h / 2);
        }
        double half = Arrays.stream(terms).sum() * h / 3 / Math.sqrt(2 * Math.PI);
        return z >= 0 ? 0.5 + half : 0.5 - half;
    }
}
