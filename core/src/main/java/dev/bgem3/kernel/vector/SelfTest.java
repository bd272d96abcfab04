package dev.bgem3.kernel.vector;

import java.util.Optional;

/** The start-up proof: the lanes are wide enough, and a product of small whole numbers comes out exact. */
final class SelfTest {
    private static final int LEAST_LANES = 4;

    private SelfTest() {}

    static Optional<String> failure() {
        if (Lanes.COUNT < LEAST_LANES) {
            return Optional
                    .of("the Vector API has " + Lanes.COUNT + " lanes of fp32 here (expected: at least "
                            + LEAST_LANES + ")");
        }
        int rows = MicroKernel.MOST_ROWS;
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
}
