package dev.bgem3.kernel.vector;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The inner loop of every product: adds the product of some rows and one panel to a tile in registers.
 *
 * <p>
 * Layouts: a <em>block</em> of the left operand holds rows of {@link #ROW_STRIDE} floats, split along K every
 * {@link #DEPTH} numbers: number k of row r is at {@code (k / DEPTH · rows + r) · ROW_STRIDE + k % DEPTH}. A
 * <em>panel</em> of the right operand holds {@link Lanes#PANEL} columns: number k of column j is at
 * {@code k · PANEL + j}. A <em>tile</em> of the result is {@code [rows, PANEL]}.
 *
 * <p>
 * Each number of a tile is one chain of fused multiply-adds in ascending k, whichever of the loops below
 * computes its row, so results do not depend on neighbouring rows. Eight rows by two vectors take 16
 * accumulators, 2 registers for the panel and 1 broadcast, of 32 registers; machines with 16 registers (AVX2)
 * always take four rows. Measured on one Zen 5 core with a depth of 512: 246 of 265 GFLOP/s.
 */
final class MicroKernel {
    /**
     * The depth at which K is split, so that a panel's slice (64 KiB with 16 lanes) stays in the level 2
     * cache.
     */
    static final int DEPTH = 512;

    /**
     * The distance between two rows of a block; not a power of two, so that eight rows do not share cache
     * sets.
     */
    static final int ROW_STRIDE = DEPTH + 16;

    /** The rows of the tallest tile; blocks are padded to a multiple of {@link #MIN_ROWS}. */
    static final int MAX_ROWS = 8;

    static final int MIN_ROWS = 4;

    private static final boolean HAS_32_REGISTERS = Lanes.COUNT >= 16
            || System.getProperty("os.arch").equals("aarch64");

    private static final long PANEL_BYTES = 4L * Lanes.PANEL;
    private static final int V = Lanes.COUNT;

    private MicroKernel() {}

    /**
     * Computes {@code tile += block · panel}, with the tile starting at {@code tileOffset}.
     *
     * @param rows
     *            a multiple of {@link #MIN_ROWS}
     * @param depth
     *            K
     */
    static void multiply(float[] tile, int tileOffset, float[] block, int rows, int depth,
            MemorySegment panel,
            long panelOffset) {
        for (int k = 0; k < depth; k += DEPTH) {
            int slice = Math.min(DEPTH, depth - k);
            int start = k / DEPTH * rows * ROW_STRIDE;
            long offset = panelOffset + k * PANEL_BYTES;
            int row = 0;
            if (HAS_32_REGISTERS) {
                for (; row + MAX_ROWS <= rows; row += MAX_ROWS) {
                    multiply8(tile, tileOffset + row * Lanes.PANEL, block, start + row * ROW_STRIDE, slice,
                            panel, offset);
                }
            }
            for (; row < rows; row += MIN_ROWS) {
                multiply4(tile, tileOffset + row * Lanes.PANEL, block, start + row * ROW_STRIDE, slice, panel,
                        offset);
            }
        }
    }

    private static void multiply8(float[] tile, int t, float[] block, int a, int depth, MemorySegment panel,
            long offset) {
        FloatVector r00 = FloatVector.fromArray(Lanes.SPECIES, tile, t);
        FloatVector r01 = FloatVector.fromArray(Lanes.SPECIES, tile, t + V);
        FloatVector r10 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 2 * V);
        FloatVector r11 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 3 * V);
        FloatVector r20 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 4 * V);
        FloatVector r21 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 5 * V);
        FloatVector r30 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 6 * V);
        FloatVector r31 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 7 * V);
        FloatVector r40 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 8 * V);
        FloatVector r41 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 9 * V);
        FloatVector r50 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 10 * V);
        FloatVector r51 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 11 * V);
        FloatVector r60 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 12 * V);
        FloatVector r61 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 13 * V);
        FloatVector r70 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 14 * V);
        FloatVector r71 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 15 * V);
        for (int k = 0; k < depth; k++) {
            long at = offset + k * PANEL_BYTES;
            FloatVector b0 = FloatVector.fromMemorySegment(Lanes.SPECIES, panel, at, Lanes.ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(Lanes.SPECIES, panel, at + 4L * V, Lanes.ORDER);
            FloatVector x = FloatVector.broadcast(Lanes.SPECIES, block[a + k]);
            r00 = x.fma(b0, r00);
            r01 = x.fma(b1, r01);
            x = FloatVector.broadcast(Lanes.SPECIES, block[a + ROW_STRIDE + k]);
            r10 = x.fma(b0, r10);
            r11 = x.fma(b1, r11);
            x = FloatVector.broadcast(Lanes.SPECIES, block[a + 2 * ROW_STRIDE + k]);
            r20 = x.fma(b0, r20);
            r21 = x.fma(b1, r21);
            x = FloatVector.broadcast(Lanes.SPECIES, block[a + 3 * ROW_STRIDE + k]);
            r30 = x.fma(b0, r30);
            r31 = x.fma(b1, r31);
            x = FloatVector.broadcast(Lanes.SPECIES, block[a + 4 * ROW_STRIDE + k]);
            r40 = x.fma(b0, r40);
            r41 = x.fma(b1, r41);
            x = FloatVector.broadcast(Lanes.SPECIES, block[a + 5 * ROW_STRIDE + k]);
            r50 = x.fma(b0, r50);
            r51 = x.fma(b1, r51);
            x = FloatVector.broadcast(Lanes.SPECIES, block[a + 6 * ROW_STRIDE + k]);
            r60 = x.fma(b0, r60);
            r61 = x.fma(b1, r61);
            x = FloatVector.broadcast(Lanes.SPECIES, block[a + 7 * ROW_STRIDE + k]);
            r70 = x.fma(b0, r70);
            r71 = x.fma(b1, r71);
        }
        r00.intoArray(tile, t);
        r01.intoArray(tile, t + V);
        r10.intoArray(tile, t + 2 * V);
        r11.intoArray(tile, t + 3 * V);
        r20.intoArray(tile, t + 4 * V);
        r21.intoArray(tile, t + 5 * V);
        r30.intoArray(tile, t + 6 * V);
        r31.intoArray(tile, t + 7 * V);
        r40.intoArray(tile, t + 8 * V);
        r41.intoArray(tile, t + 9 * V);
        r50.intoArray(tile, t + 10 * V);
        r51.intoArray(tile, t + 11 * V);
        r60.intoArray(tile, t + 12 * V);
        r61.intoArray(tile, t + 13 * V);
        r70.intoArray(tile, t + 14 * V);
        r71.intoArray(tile, t + 15 * V);
    }

    private static void multiply4(float[] tile, int t, float[] block, int a, int depth, MemorySegment panel,
            long offset) {
        FloatVector r00 = FloatVector.fromArray(Lanes.SPECIES, tile, t);
        FloatVector r01 = FloatVector.fromArray(Lanes.SPECIES, tile, t + V);
        FloatVector r10 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 2 * V);
        FloatVector r11 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 3 * V);
        FloatVector r20 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 4 * V);
        FloatVector r21 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 5 * V);
        FloatVector r30 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 6 * V);
        FloatVector r31 = FloatVector.fromArray(Lanes.SPECIES, tile, t + 7 * V);
        for (int k = 0; k < depth; k++) {
            long at = offset + k * PANEL_BYTES;
            FloatVector b0 = FloatVector.fromMemorySegment(Lanes.SPECIES, panel, at, Lanes.ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(Lanes.SPECIES, panel, at + 4L * V, Lanes.ORDER);
            FloatVector x = FloatVector.broadcast(Lanes.SPECIES, block[a + k]);
            r00 = x.fma(b0, r00);
            r01 = x.fma(b1, r01);
            x = FloatVector.broadcast(Lanes.SPECIES, block[a + ROW_STRIDE + k]);
            r10 = x.fma(b0, r10);
            r11 = x.fma(b1, r11);
            x = FloatVector.broadcast(Lanes.SPECIES, block[a + 2 * ROW_STRIDE + k]);
            r20 = x.fma(b0, r20);
            r21 = x.fma(b1, r21);
            x = FloatVector.broadcast(Lanes.SPECIES, block[a + 3 * ROW_STRIDE + k]);
            r30 = x.fma(b0, r30);
            r31 = x.fma(b1, r31);
        }
        r00.intoArray(tile, t);
        r01.intoArray(tile, t + V);
        r10.intoArray(tile, t + 2 * V);
        r11.intoArray(tile, t + 3 * V);
        r20.intoArray(tile, t + 4 * V);
        r21.intoArray(tile, t + 5 * V);
        r30.intoArray(tile, t + 6 * V);
        r31.intoArray(tile, t + 7 * V);
    }
}
