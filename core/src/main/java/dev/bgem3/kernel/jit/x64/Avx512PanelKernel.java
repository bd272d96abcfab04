package dev.bgem3.kernel.jit.x64;

import static dev.bgem3.asm.x64.VectorOp.KMOVW;
import static dev.bgem3.asm.x64.VectorOp.VCVTNEPS2BF16;
import static dev.bgem3.asm.x64.VectorOp.VMOVUPS;
import static dev.bgem3.asm.x64.VectorOp.VPMOVZXWD;
import static dev.bgem3.asm.x64.VectorOp.VPORD;
import static dev.bgem3.asm.x64.VectorOp.VPSLLD;
import static dev.bgem3.asm.x64.VectorOp.VSHUFF32X4;
import static dev.bgem3.asm.x64.VectorOp.VSHUFPS;

import dev.bgem3.asm.x64.Abi;
import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.x64.Condition;
import dev.bgem3.asm.x64.Gpr;
import dev.bgem3.asm.Label;
import dev.bgem3.asm.x64.Mask;
import dev.bgem3.asm.x64.Mem;
import dev.bgem3.asm.x64.Vec;
import dev.bgem3.asm.x64.VectorOp;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Packs operands of attention as right operands of products: panels of {@link Avx512TileKernel#PANEL} 32-bit
 * words.
 */
final class Avx512PanelKernel {
    // The argument block.
    private static final int FROM_FIELD = 0;
    private static final int FROM_STRIDE_FIELD = 8;
    private static final int TO_FIELD = 16;
    private static final int COUNT_FIELD = 24; // rows, or groups of 16 words
    private static final int MASK_FIELD = 32; // columns of the two vectors
    static final int BLOCK_BYTES = 40;

    private static final int PANEL_BYTES = 4 * Avx512TileKernel.PANEL;

    private static final Gpr FROM = Gpr.R8;
    private static final Gpr STRIDE = Gpr.R9;
    private static final Gpr TO = Gpr.R10;
    private static final Gpr COUNT = Gpr.R11;
    private static final Gpr PAIRS = Gpr.RAX;
    private static final Gpr AT = Gpr.RDX;
    private static final Mask[] COLUMNS = {new Mask(1), new Mask(2)};

    private Avx512PanelKernel() {}

    /**
     * Sets all fields.
     *
     * @param count
     *            the number of rows for {@link #rows} and {@link #pairs}, of groups of 16 words for
     *            {@link #transpose}; at least 1
     * @param columns
     *            the number of columns for {@link #rows} and {@link #pairs}, 1 to PANEL
     */
    static void fill(MemorySegment block, long from, long fromStrideBytes, long to, int count, int columns) {
        block.set(ValueLayout.JAVA_LONG, FROM_FIELD, from);
        block.set(ValueLayout.JAVA_LONG, FROM_STRIDE_FIELD, fromStrideBytes);
        block.set(ValueLayout.JAVA_LONG, TO_FIELD, to);
        block.set(ValueLayout.JAVA_LONG, COUNT_FIELD, count);
        block.set(ValueLayout.JAVA_LONG, MASK_FIELD, Avx512VectorCode.maskOf(columns)
                | (long) Avx512VectorCode.maskOf(columns - Avx512VectorCode.LANES) << 32);
    }

    private static void start(Assembler code, Abi abi) {
        code.mov(FROM, Mem.at(abi.argument(), FROM_FIELD));
        code.mov(STRIDE, Mem.at(abi.argument(), FROM_STRIDE_FIELD));
        code.mov(TO, Mem.at(abi.argument(), TO_FIELD));
        code.mov(COUNT, Mem.at(abi.argument(), COUNT_FIELD));
    }

    private static void startColumns(Assembler code, Abi abi) {
        start(code, abi);
        for (int v = 0; v < COLUMNS.length; v++) {
            code.emit(KMOVW, COLUMNS[v], Mem.at(abi.argument(), MASK_FIELD + 4 * v));
        }
    }

    /** Computes {@code to[row][column] = from[row][column]}, with zeros beyond the columns. */
    static byte[] rows(Abi abi) {
        return abi.function(code -> {
            startColumns(code, abi);
            Loops.count(code, COUNT, () -> {
                for (int v = 0; v < COLUMNS.length; v++) {
                    Vec x = Vec.zmm(v);
                    code.emit(VMOVUPS, x.zeroed(COLUMNS[v]), Mem.at(FROM, v * Avx512VectorCode.BYTES));
                    code.emit(VMOVUPS, Mem.at(TO, v * Avx512VectorCode.BYTES), x);
                }
                code.add(FROM, STRIDE);
                code.add(TO, PANEL_BYTES);
            });
        });
    }

    /**
     * Stores rows 2·i and 2·i + 1 of a column as bf16 in one word, {@code to[i][column]}; zeros if there is
     * no such row or column. The source is bf16 or fp32.
     */
    static byte[] pairs(Abi abi, boolean fromBf16) {
        return abi.function(code -> {
            startColumns(code, abi);
            int fromBytes = fromBf16 ? Avx512VectorCode.BYTES / 2 : Avx512VectorCode.BYTES;
            Label odd = new Label("odd");
            Label done = new Label("done");
            code.mov(PAIRS, COUNT);
            code.shr(PAIRS, 1);
            code.jump(Condition.EQUAL, odd);
            Loops.count(code, PAIRS, () -> {
                for (int v = 0; v < COLUMNS.length; v++) {
                    Vec even = Vec.zmm(2 * v);
                    Vec next = Vec.zmm(2 * v + 1);
                    bf16(code, even, v, Mem.at(FROM, v * fromBytes), fromBf16);
                    bf16(code, next, v, Mem.at(FROM, STRIDE, 1, v * fromBytes), fromBf16);
                    code.emit(VPSLLD, next, next, 16);
                    code.emit(VPORD, even, even, next);
                    code.emit(VMOVUPS, Mem.at(TO, v * Avx512VectorCode.BYTES), even);
                }
                code.add(FROM, STRIDE);
                code.add(FROM, STRIDE);
                code.add(TO, PANEL_BYTES);
            });
            code.bind(odd);
            code.and(COUNT, 1);
            code.jump(Condition.EQUAL, done);
            for (int v = 0; v < COLUMNS.length; v++) {
                Vec even = Vec.zmm(2 * v);
                bf16(code, even, v, Mem.at(FROM, v * fromBytes), fromBf16);
                code.emit(VMOVUPS, Mem.at(TO, v * Avx512VectorCode.BYTES), even);
            }
            code.bind(done);
        });
    }

    /** Loads numbers as bf16 in the lower halves of lanes, with zeros in the upper halves. */
    private static void bf16(Assembler code, Vec x, int vector, Mem from, boolean fromBf16) {
        if (fromBf16) {
            code.emit(VPMOVZXWD, x.zeroed(COLUMNS[vector]), from);
            return;
        }
        Vec half = Vec.ymm(x.number());
        code.emit(VMOVUPS, x.zeroed(COLUMNS[vector]), from);
        code.emit(VCVTNEPS2BF16, half, x);
        code.emit(VPMOVZXWD, x, half);
    }

    /**
     * Computes {@code to[word][row] = from[row][word]} for 16 rows and 16 words at a time.
     *
     * <p>
     * First transposes four rows at a time within each 128 bits, so that a vector holds every fourth word of
     * four rows; then transposes the quarters of four such vectors in the same way.
     */
    static byte[] transpose(Abi abi) {
        return abi.function(code -> {
            start(code, abi);
            Loops.count(code, COUNT, () -> {
                code.mov(AT, FROM);
                for (int row = 0; row < 16; row++) {
                    code.emit(VMOVUPS, Vec.zmm(row), Mem.at(AT));
                    code.add(AT, STRIDE);
                }
                for (int group = 0; group < 4; group++) {
                    // Vectors 4·group + (0 .. 3) are rows; afterwards vector 4·group + j has word j of each
                    // quarter.
                    exchange(code, VSHUFPS, 4 * group, 1);
                }
                for (int j = 0; j < 4; j++) {
                    // Vectors j, j + 4, j + 8, j + 12 are the groups; afterwards vector j + 4·quarter has
                    // word 4·quarter + j.
                    exchange(code, VSHUFF32X4, j, 4);
                }
                for (int word = 0; word < 16; word++) {
                    code.emit(VMOVUPS, Mem.at(TO, word * PANEL_BYTES), Vec.zmm(word));
                }
                code.add(FROM, Avx512VectorCode.BYTES);
                code.add(TO, 16 * PANEL_BYTES);
            });
        });
    }

    /**
     * Transposes 4 × 4 words within each quarter of four vectors ({@code vshufps}), or the 4 × 4 quarters of
     * four vectors ({@code vshuff32x4}): both select two items of their first source and two of their second,
     * with two bits each.
     */
    private static void exchange(Assembler code, VectorOp shuffle, int first, int step) {
        int lower = 0x44; // items 0, 1 of both
        int upper = 0xEE; // items 2, 3 of both
        int even = 0x88; // items 0, 2 of both
        int odd = 0xDD; // items 1, 3 of both
        Vec a0 = Vec.zmm(16);
        Vec a1 = Vec.zmm(17);
        Vec a2 = Vec.zmm(18);
        Vec a3 = Vec.zmm(19);
        code.emit(shuffle, a0, Vec.zmm(first), Vec.zmm(first + step), lower);
        code.emit(shuffle, a1, Vec.zmm(first), Vec.zmm(first + step), upper);
        code.emit(shuffle, a2, Vec.zmm(first + 2 * step), Vec.zmm(first + 3 * step), lower);
        code.emit(shuffle, a3, Vec.zmm(first + 2 * step), Vec.zmm(first + 3 * step), upper);
        code.emit(shuffle, Vec.zmm(first), a0, a2, even);
        code.emit(shuffle, Vec.zmm(first + step), a0, a2, odd);
        code.emit(shuffle, Vec.zmm(first + 2 * step), a1, a3, even);
        code.emit(shuffle, Vec.zmm(first + 3 * step), a1, a3, odd);
    }
}
