package dev.bgem3.kernel.jit.x64;

import static dev.bgem3.asm.x64.VectorOp.KMOVD_KR;
import static dev.bgem3.asm.x64.VectorOp.KMOVW;
import static dev.bgem3.asm.x64.VectorOp.VADDPS;
import static dev.bgem3.asm.x64.VectorOp.VBROADCASTSS;
import static dev.bgem3.asm.x64.VectorOp.VCVTNEPS2BF16;
import static dev.bgem3.asm.x64.VectorOp.VDIVPS;
import static dev.bgem3.asm.x64.VectorOp.VFMADD213PS;
import static dev.bgem3.asm.x64.VectorOp.VFMADD231PS;
import static dev.bgem3.asm.x64.VectorOp.VMAXPS;
import static dev.bgem3.asm.x64.VectorOp.VMOVDQU16;
import static dev.bgem3.asm.x64.VectorOp.VMOVUPS;
import static dev.bgem3.asm.x64.VectorOp.VMULPS;
import static dev.bgem3.asm.x64.VectorOp.VPXORD;
import static dev.bgem3.asm.x64.VectorOp.VSUBPS;

import dev.bgem3.asm.x64.Abi;
import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.x64.Condition;
import dev.bgem3.asm.x64.Gpr;
import dev.bgem3.asm.Label;
import dev.bgem3.asm.x64.Mask;
import dev.bgem3.asm.x64.Mem;
import dev.bgem3.asm.x64.Operand;
import dev.bgem3.asm.x64.Vec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The running softmax of attention on a block of queries and a block of keys (Milakov and Gimelshein 2018),
 * and the division at its end.
 *
 * <p>
 * Scores are stored key by key, with the queries of a key side by side: each lane belongs to one query, so
 * maxima and sums need no operations across lanes. All functions take the same argument block.
 */
final class Avx512SoftmaxKernel {
    // The argument block.
    private static final int KEYS_FIELD = 0;
    private static final int SCORES_FIELD = 8; // [keys][64]: scores in, weights out
    private static final int MAXIMA_FIELD = 16; // [64], so far
    private static final int SUMS_FIELD = 24; // [64], of exponentials so far
    private static final int FACTORS_FIELD = 32; // [64], by which to multiply earlier sums
    private static final int ROWS_FIELD = 40; // queries
    private static final int VALUES_FIELD = 48; // [rows] at the stride: weighted sums of values
    private static final int VALUES_STRIDE_FIELD = 56;
    private static final int FULL_FIELD = 64; // vectors of a row of values before the last
    private static final int OUT_FIELD = 72; // [rows] at the stride
    private static final int OUT_STRIDE_FIELD = 80;
    private static final int SCALE_FIELD = 88; // fp32
    private static final int MASK_FIELD = 92; // lanes of the last vector of a row of values
    static final int BLOCK_BYTES = 96;

    /** The number of vectors of a key's scores; a function may compute fewer. */
    private static final int VECTORS = 4;
    private static final int KEY_BYTES = VECTORS * Avx512VectorCode.BYTES;

    private static final Gpr KEYS = Gpr.R8;
    private static final Gpr SCORES = Gpr.R9;
    private static final Gpr MAXIMA = Gpr.R10;
    private static final Gpr SUMS = Gpr.R11;
    private static final Gpr FACTORS = Gpr.RAX;
    private static final Gpr AT = Gpr.RDX;
    private static final Gpr TO = Gpr.RBX;
    private static final Gpr COUNT = Gpr.RBP;
    // For the functions that iterate over rows.
    private static final Gpr ROWS = KEYS;
    private static final Gpr VALUES = SCORES;
    private static final Gpr FULL = MAXIMA;
    private static final Gpr OUT = TO;
    private static final Mask LAST = new Mask(1);
    private static final Mask SCRATCH_MASK = new Mask(2);
    private static final Mask UPPER_HALVES = new Mask(3);

    private static final Vec SCALE = Vec.zmm(31);
    private static final Vec X = Vec.zmm(0);
    private static final Vec FACTOR = Vec.zmm(1);

    private Avx512SoftmaxKernel() {}

    /** Sets the fields that stay the same for a block of queries. */
    static void fill(MemorySegment block, int rows, MemorySegment scores, MemorySegment maxima,
            MemorySegment sums, MemorySegment factors, MemorySegment values, long valuesStrideBytes,
            int columns,
            float scale) {
        int full = (columns - 1) / Avx512VectorCode.LANES;
        block.set(ValueLayout.ADDRESS, SCORES_FIELD, scores);
        block.set(ValueLayout.ADDRESS, MAXIMA_FIELD, maxima);
        block.set(ValueLayout.ADDRESS, SUMS_FIELD, sums);
        block.set(ValueLayout.ADDRESS, FACTORS_FIELD, factors);
        block.set(ValueLayout.JAVA_LONG, ROWS_FIELD, rows);
        block.set(ValueLayout.ADDRESS, VALUES_FIELD, values);
        block.set(ValueLayout.JAVA_LONG, VALUES_STRIDE_FIELD, valuesStrideBytes);
        block.set(ValueLayout.JAVA_LONG, FULL_FIELD, full);
        block.set(ValueLayout.JAVA_FLOAT, SCALE_FIELD, scale);
        block.set(ValueLayout.JAVA_INT, MASK_FIELD,
                Avx512VectorCode.maskOf(columns - full * Avx512VectorCode.LANES));
    }

    /** Sets the number of keys, at least 1. */
    static void fillKeys(MemorySegment block, int keys) {
        block.set(ValueLayout.JAVA_LONG, KEYS_FIELD, keys);
    }

    /** Sets the destination of {@link #divide}. */
    static void fillOut(MemorySegment block, long outAddress, long outStrideBytes) {
        block.set(ValueLayout.JAVA_LONG, OUT_FIELD, outAddress);
        block.set(ValueLayout.JAVA_LONG, OUT_STRIDE_FIELD, outStrideBytes);
    }

    private static Vec maximum(int vector) {
        return Vec.zmm(vector);
    }

    private static Vec sum(int vector) {
        return Vec.zmm(4 + vector);
    }

    private static Vec shift(int vector) {
        return Vec.zmm(8 + vector);
    }

    private static Vec x(int vector) {
        return Vec.zmm(12 + vector);
    }

    private static Vec s(int vector) {
        return Vec.zmm(16 + vector);
    }

    private static Vec p(int vector) {
        return Vec.zmm(20 + vector);
    }

    /** Holds the exponentials of the even key while those of the odd key are computed. */
    private static Vec even(int vector) {
        return Vec.zmm(24 + vector);
    }

    /**
     * For each query, computes the new maximum, the factor for sums that are relative to the old one, and the
     * sum so far; replaces the scores by the weights {@code exp(scale · score − maximum)}, or in pairs by
     * powers of two.
     *
     * @param vectors
     *            the number of vectors of queries to compute for each key, 1 to 4
     * @param pairs
     *            whether the weights are stored as bf16, those of keys 2·i and 2·i + 1 in one word,
     *            {@code [⌈keys / 2⌉][64]}, instead of as fp32, {@code [keys][64]}
     */
    static byte[] exponentiate(Abi abi, int vectors, boolean pairs) {
        return abi.function(code -> {
            Avx512VectorCode math = new Avx512VectorCode(code);
            code.mov(KEYS, Mem.at(abi.argument(), KEYS_FIELD));
            code.mov(SCORES, Mem.at(abi.argument(), SCORES_FIELD));
            code.mov(MAXIMA, Mem.at(abi.argument(), MAXIMA_FIELD));
            code.mov(SUMS, Mem.at(abi.argument(), SUMS_FIELD));
            code.mov(FACTORS, Mem.at(abi.argument(), FACTORS_FIELD));
            code.emit(VBROADCASTSS, SCALE, Mem.at(abi.argument(), SCALE_FIELD));
            for (int v = 0; v < vectors; v++) {
                math.load(maximum(v), VectorCode.MINUS_INFINITY);
                code.emit(VPXORD, sum(v), sum(v), sum(v));
            }
            code.mov(AT, SCORES);
            code.mov(COUNT, KEYS);
            Loops.count(code, COUNT, () -> {
                for (int v = 0; v < vectors; v++) {
                    code.emit(VMAXPS, maximum(v), maximum(v), Mem.at(AT, v * Avx512VectorCode.BYTES));
                }
                code.add(AT, KEY_BYTES);
            });
            for (int v = 0; v < vectors; v++) {
                int offset = v * Avx512VectorCode.BYTES;
                code.emit(VMULPS, maximum(v), maximum(v), SCALE);
                code.emit(VMOVUPS, x(v), Mem.at(MAXIMA, offset));
                code.emit(VMAXPS, maximum(v), maximum(v), x(v)); // NaN in either: the second operand
                code.emit(VMOVUPS, Mem.at(MAXIMA, offset), maximum(v));
                code.emit(VSUBPS, x(v), x(v), maximum(v));
                exp(math, v, pairs);
                code.emit(VMOVUPS, Mem.at(FACTORS, offset), x(v));
                code.emit(VPXORD, shift(v), shift(v), shift(v));
                code.emit(VSUBPS, shift(v), shift(v), maximum(v));
            }
            code.mov(AT, SCORES);
            if (pairs) {
                pairs(code, math, vectors);
            } else {
                code.mov(COUNT, KEYS);
                Loops.count(code, COUNT, () -> {
                    exponentials(code, math, vectors, false);
                    for (int v = 0; v < vectors; v++) {
                        code.emit(VMOVUPS, Mem.at(AT, v * Avx512VectorCode.BYTES), x(v));
                    }
                    code.add(AT, KEY_BYTES);
                });
            }
            for (int v = 0; v < vectors; v++) {
                int offset = v * Avx512VectorCode.BYTES;
                code.emit(VMOVUPS, x(v), Mem.at(SUMS, offset));
                code.emit(VFMADD231PS, sum(v), x(v), Mem.at(FACTORS, offset));
                code.emit(VMOVUPS, Mem.at(SUMS, offset), sum(v));
            }
        });
    }

    /** Computes x = exp(scale · score − maximum) for the key at AT and adds it to the sums. */
    private static void exponentials(Assembler code, Avx512VectorCode math, int vectors, boolean pairs) {
        for (int v = 0; v < vectors; v++) {
            code.emit(VMOVUPS, x(v), Mem.at(AT, v * Avx512VectorCode.BYTES));
            code.emit(VFMADD213PS, x(v), SCALE, shift(v));
        }
        for (int v = 0; v < vectors; v++) {
            exp(math, v, pairs);
        }
        for (int v = 0; v < vectors; v++) {
            code.emit(VADDPS, sum(v), sum(v), x(v));
        }
    }

    /** Computes exponentials; a shorter function is accurate enough if they are then rounded to bf16. */
    private static void exp(Avx512VectorCode math, int v, boolean pairs) {
        if (pairs) {
            math.shortPowerOfTwo(x(v), s(v), p(v), SCRATCH_MASK);
        } else {
            math.exp(x(v), s(v), p(v), SCRATCH_MASK);
        }
    }

    /** Computes weights for two keys at a time, in place: TO never overtakes AT. */
    private static void pairs(Assembler code, Avx512VectorCode math, int vectors) {
        Label odd = new Label("odd");
        Label done = new Label("done");
        code.mov(COUNT, 0xAAAAAAAAL);
        code.emit(KMOVD_KR, UPPER_HALVES, COUNT);
        code.mov(TO, SCORES);
        code.mov(COUNT, KEYS);
        code.shr(COUNT, 1);
        code.jump(Condition.EQUAL, odd);
        Loops.count(code, COUNT, () -> {
            evenKey(code, math, vectors);
            exponentials(code, math, vectors, true);
            for (int v = 0; v < vectors; v++) {
                math.pairsOfBf16(even(v), x(v), UPPER_HALVES);
                code.emit(VMOVUPS, Mem.at(TO, v * Avx512VectorCode.BYTES), even(v));
            }
            code.add(AT, KEY_BYTES);
            code.add(TO, KEY_BYTES);
        });
        code.bind(odd);
        code.and(KEYS, 1);
        code.jump(Condition.EQUAL, done);
        evenKey(code, math, vectors);
        for (int v = 0; v < vectors; v++) {
            code.emit(VPXORD, x(v), x(v), x(v));
            math.pairsOfBf16(even(v), x(v), UPPER_HALVES);
            code.emit(VMOVUPS, Mem.at(TO, v * Avx512VectorCode.BYTES), even(v));
        }
        code.bind(done);
    }

    private static void evenKey(Assembler code, Avx512VectorCode math, int vectors) {
        exponentials(code, math, vectors, true);
        for (int v = 0; v < vectors; v++) {
            code.emit(VMOVUPS, even(v), x(v));
        }
        code.add(AT, KEY_BYTES);
    }

    /** Writes each query's row of values, divided by its sum of exponentials, as bf16 or fp32. */
    static byte[] divide(Abi abi, boolean toBf16) {
        return abi.function(code -> {
            startRows(code, abi);
            code.mov(SUMS, Mem.at(abi.argument(), SUMS_FIELD));
            code.mov(OUT, Mem.at(abi.argument(), OUT_FIELD));
            code.emit(KMOVW, LAST, Mem.at(abi.argument(), MASK_FIELD));
            Loops.count(code, ROWS, () -> {
                code.emit(VBROADCASTSS, FACTOR, Mem.at(SUMS));
                code.mov(FACTORS, OUT);
                Loops.overVectors(code, VALUES, AT, FULL, COUNT, Avx512VectorCode.BYTES, () -> {
                    code.emit(VMOVUPS, X, Mem.at(AT));
                    code.emit(VDIVPS, X, X, FACTOR);
                    store(code, Mem.at(FACTORS), toBf16);
                    code.add(FACTORS, toBf16 ? Avx512VectorCode.BYTES / 2 : Avx512VectorCode.BYTES);
                });
                code.emit(VMOVUPS, X, Mem.at(AT));
                code.emit(VDIVPS, X, X, FACTOR);
                store(code, Mem.at(FACTORS).masked(LAST), toBf16);
                code.add(SUMS, Float.BYTES);
                code.add(VALUES, Mem.at(abi.argument(), VALUES_STRIDE_FIELD));
                code.add(OUT, Mem.at(abi.argument(), OUT_STRIDE_FIELD));
            });
        });
    }

    private static void store(Assembler code, Operand to, boolean toBf16) {
        if (toBf16) {
            Vec half = Vec.ymm(X.number());
            code.emit(VCVTNEPS2BF16, half, X);
            code.emit(VMOVDQU16, to, half);
        } else {
            code.emit(VMOVUPS, to, X);
        }
    }

    private static void startRows(Assembler code, Abi abi) {
        code.mov(ROWS, Mem.at(abi.argument(), ROWS_FIELD));
        code.mov(VALUES, Mem.at(abi.argument(), VALUES_FIELD));
        code.mov(FULL, Mem.at(abi.argument(), FULL_FIELD));
    }
}
