package dev.bgem3.kernel.vector;

import java.util.Optional;

/**
 * The start-up test: checks that vectors have enough lanes, that the processor has fused multiply-add, and
 * that a product of small integers is exact with both heights of tile.
 */
final class VectorSelfTest {
    private static final int MIN_LANES = 4;

    /**
     * The limit for the time of fma relative to a multiplication and an addition. Without the instruction,
     * Java computes fma in software, which takes a hundred times as long.
     */
    private static final int MAX_FMA_RATIO = 10;
    private static final int FMA_ROUNDS = 5;
    private static final int FMA_CALLS = 500;

    private VectorSelfTest() {}

    static Optional<String> failure() {
        if (Lanes.COUNT < MIN_LANES) {
            return Optional
                    .of("the Vector API has " + Lanes.COUNT + " lanes of fp32 here (expected: at least "
                            + MIN_LANES + ")");
        }
        if (!hasFma()) {
            return Optional.of("the processor has no fused multiply-add (expected: FMA3, NEON or later)");
        }
        int rows = MicroKernel.MAX_ROWS + MicroKernel.MIN_ROWS;
        int depth = 3;
        float[] a = new float[rows * MicroKernel.ROW_STRIDE];
        float[] tile = new float[rows * Lanes.PANEL];
        float[] panel = new float[depth * Lanes.PANEL];
        for (int k = 0; k < depth; k++) {
            for (int row = 0; row < rows; row++) {
                a[row * MicroKernel.ROW_STRIDE + k] = row + k;
            }
            for (int column = 0; column < Lanes.PANEL; column++) {
                panel[k * Lanes.PANEL + column] = column - k;
            }
        }
        MicroKernel.multiply(tile, 0, a, rows, depth, Lanes.copyOf(panel), 0);
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < Lanes.PANEL; column++) {
                float expected = 0;
                for (int k = 0; k < depth; k++) {
                    expected += (row + k) * (column - k);
                }
                if (tile[row * Lanes.PANEL + column] != expected) {
                    return Optional
                            .of("the self-test's product is " + tile[row * Lanes.PANEL + column] + " at ["
                                    + row + ", " + column + "] (expected: " + expected + ")");
                }
            }
        }
        return Optional.empty();
    }

    /**
     * Compares the time of fma with that of a multiplication and an addition; takes the minimum of several
     * rounds, so that other load on the machine does not matter.
     */
    private static boolean hasFma() {
        long fused = Long.MAX_VALUE;
        long separate = Long.MAX_VALUE;
        float x = 0.5f;
        for (int round = 0; round < FMA_ROUNDS; round++) {
            long start = System.nanoTime();
            for (int i = 0; i < FMA_CALLS; i++) {
                x = Math.fma(x, 0.75f, 0.25f);
            }
            long middle = System.nanoTime();
            for (int i = 0; i < FMA_CALLS; i++) {
                x = x * 0.75f + 0.25f;
            }
            fused = Math.min(fused, middle - start);
            separate = Math.min(separate, System.nanoTime() - middle);
        }
        return x > 0 && fused <= MAX_FMA_RATIO * Math.max(separate, 1_000);
    }
}
