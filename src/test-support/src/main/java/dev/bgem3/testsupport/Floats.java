package dev.bgem3.testsupport;

import java.util.Random;

/** Numbers for tests of kernels, and how far results may be from the reference's. */
public final class Floats {
    private Floats() {}

    /** Normally distributed numbers with this standard deviation. */
    public static float[] random(Random random, int length, double deviation) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) (random.nextGaussian() * deviation);
        }
        return values;
    }

    /** The magnitudes. */
    public static float[] absolute(float[] values) {
        float[] magnitudes = values.clone();
        for (int i = 0; i < values.length; i++) {
            magnitudes[i] = Math.abs(values[i]);
        }
        return magnitudes;
    }

    /** Fails where a number is off by more than its bound; NaN is wanted where NaN is expected. */
    public static void assertClose(String what, float[] actual, float[] expected, double[] bounds) {
        for (int i = 0; i < expected.length; i++) {
            boolean same = Float.isNaN(expected[i])
                    ? Float.isNaN(actual[i])
                    : actual[i] == expected[i] || Math.abs((double) actual[i] - expected[i]) <= bounds[i];
            if (!same) {
                throw new AssertionError(what + " [" + i + "]: " + actual[i] + " (expected: " + expected[i]
                        + " ± " + bounds[i] + ")");
            }
        }
    }
}
