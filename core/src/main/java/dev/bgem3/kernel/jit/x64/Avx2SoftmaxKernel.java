package dev.bgem3.kernel.jit.x64;

import static dev.bgem3.asm.x64.VectorOp.VADDPS;
import static dev.bgem3.asm.x64.VectorOp.VANDPS;
import static dev.bgem3.asm.x64.VectorOp.VBROADCASTSS;
import static dev.bgem3.asm.x64.VectorOp.VDIVPS;
import static dev.bgem3.asm.x64.VectorOp.VFMADD213PS;
import static dev.bgem3.asm.x64.VectorOp.VMASKMOVPS;
import static dev.bgem3.asm.x64.VectorOp.VMAXPS;
import static dev.bgem3.asm.x64.VectorOp.VMOVD;
import static dev.bgem3.asm.x64.VectorOp.VMOVUPS;
import static dev.bgem3.asm.x64.VectorOp.VMULPS;
import static dev.bgem3.asm.x64.VectorOp.VORPS;
import static dev.bgem3.asm.x64.VectorOp.VSUBPS;

import dev.bgem3.asm.x64.Abi;
import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.x64.Condition;
import dev.bgem3.asm.x64.Gpr;
import dev.bgem3.asm.Label;
import dev.bgem3.asm.x64.Mem;
import dev.bgem3.asm.x64.Vec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The running softmax of attention in AVX2. A row of scores takes whole vectors of memory: lanes beyond its
 * columns count as −∞, so zeros are written there.
 */
final class Avx2SoftmaxKernel {
    // The argument block.
    private static final int ROWS_FIELD = 0;
    private static final int SCORES_FIELD = 8; // [rows] at the stride: scores in, weights out; or result
    private static final int SCORES_STRIDE_FIELD = 16;
    private static final int FULL_FIELD = 24; // vectors of a row of scores before the last
    private static final int MAXIMA_FIELD = 32; // [rows]
    private static final int SUMS_FIELD = 40; // [rows][8], sums of exponentials per lane
    private static final int VALUES_FIELD = 48; // [rows] at the stride, weighted sums of values
    private static final int VALUES_STRIDE_FIELD = 56;
    private static final int VALUE_VECTORS_FIELD = 64; // vectors of a row of values, at least 1
    private static final int SCALE_FIELD = 72; // fp32
    private static final int MASK_FIELD = 76; // lanes of the last vector of a row of scores, 32 bits each
    private static final int FILL_FIELD = MASK_FIELD + Avx2VectorCode.BYTES; // −∞ in its other lanes, else 0
    static final int BLOCK_BYTES = FILL_FIELD + Avx2VectorCode.BYTES;

    private static final Gpr ROWS = Gpr.R8;
    private static final Gpr SCORES = Gpr.R9;
    private static final Gpr FULL = Gpr.R10;
    private static final Gpr MAXIMA = Gpr.R11;
    private static final Gpr SUMS = Gpr.RAX;
    private static final Gpr VALUES = Gpr.RDX;
    private static final Gpr AT = Gpr.RBX;
    private static final Gpr COUNT = Gpr.RBP;
    private static final Gpr VALUE_VECTORS = Gpr.RSI;

    private static final Vec MAXIMUM = Vec.ymm(0);
    private static final Vec BEFORE = Vec.ymm(1);
    private static final Vec X = Vec.ymm(2);
    private static final Vec SUM = Vec.ymm(3);
    private static final Vec SCALE = Vec.ymm(4);
    private static final Vec SHIFT = Vec.ymm(5);
    private static final Vec SCRATCH0 = Vec.ymm(6);
    private static final Vec SCRATCH1 = Vec.ymm(7);
    private static final Vec SCRATCH2 = Vec.ymm(8);
    private static final Vec LAST = Vec.ymm(9);
    private static final Vec FILL = Vec.ymm(10);

    private Avx2SoftmaxKernel() {}

    /** Sets all fields. */
    static void fill(MemorySegment block, int rows, long scores, long scoresStrideBytes, int columns,
            MemorySegment maxima, MemorySegment sums, MemorySegment values, long valuesStrideBytes,
            float scale) {
        int full = (columns - 1) / Avx2VectorCode.LANES;
        int last = columns - full * Avx2VectorCode.LANES;
        block.set(ValueLayout.JAVA_LONG, ROWS_FIELD, rows);
        block.set(ValueLayout.JAVA_LONG, SCORES_FIELD, scores);
        block.set(ValueLayout.JAVA_LONG, SCORES_STRIDE_FIELD, scoresStrideBytes);
        block.set(ValueLayout.JAVA_LONG, FULL_FIELD, full);
        block.set(ValueLayout.ADDRESS, MAXIMA_FIELD, maxima);
        block.set(ValueLayout.ADDRESS, SUMS_FIELD, sums);
        block.set(ValueLayout.ADDRESS, VALUES_FIELD, values);
        block.set(ValueLayout.JAVA_LONG, VALUES_STRIDE_FIELD, valuesStrideBytes);
        block.set(ValueLayout.JAVA_LONG, VALUE_VECTORS_FIELD, valuesStrideBytes / Avx2VectorCode.BYTES);
        block.set(ValueLayout.JAVA_FLOAT, SCALE_FIELD, scale);
        Avx2VectorCode.fillMask(block, MASK_FIELD, last);
        for (int lane = 0; lane < Avx2VectorCode.LANES; lane++) {
            block.set(ValueLayout.JAVA_FLOAT, FILL_FIELD + 4L * lane,
                    lane < last ? 0 : Float.NEGATIVE_INFINITY);
        }
    }

    /**
     * For each row, computes the new maximum, rescales the sums that are relative to the old one, replaces
     * the scores by {@code exp(scale · score − maximum)} and adds these to the sums.
     */
    static byte[] exponentiate(Abi abi) {
        return abi.function(code -> {
            Avx2VectorCode math = new Avx2VectorCode(code);
            start(code, abi);
            code.emit(VBROADCASTSS, SCALE, Mem.at(abi.argument(), SCALE_FIELD));
            code.emit(VMOVUPS, FILL, Mem.at(abi.argument(), FILL_FIELD));
            Label nextRow = code.label("next row");
            math.load(MAXIMUM, VectorCode.MINUS_INFINITY);
            Loops.overVectors(code, SCORES, AT, FULL, COUNT, Avx2VectorCode.BYTES,
                    () -> code.emit(VMAXPS, MAXIMUM, MAXIMUM, Mem.at(AT)));
            lastScores(code);
            code.emit(VMAXPS, MAXIMUM, MAXIMUM, X);
            math.largestLane(MAXIMUM, SCRATCH0);
            code.emit(VMULPS, MAXIMUM, MAXIMUM, SCALE);
            code.emit(VBROADCASTSS, BEFORE, Mem.at(MAXIMA));
            code.emit(VMAXPS, MAXIMUM, MAXIMUM, BEFORE);
            code.emit(VMOVD, Mem.at(MAXIMA), MAXIMUM.as(16));
            code.emit(VSUBPS, BEFORE, BEFORE, MAXIMUM);
            math.exp(BEFORE, SCRATCH0, SCRATCH1, SCRATCH2); // the factor for the sums so far
            math.zero(SHIFT);
            code.emit(VSUBPS, SHIFT, SHIFT, MAXIMUM);

            code.emit(VMULPS, SUM, BEFORE, Mem.at(SUMS));
            Loops.overVectors(code, SCORES, AT, FULL, COUNT, Avx2VectorCode.BYTES, () -> {
                code.emit(VMOVUPS, X, Mem.at(AT));
                exponentials(code, math);
            });
            lastScores(code);
            exponentials(code, math);
            code.emit(VMOVUPS, Mem.at(SUMS), SUM);

            Loops.overVectors(code, VALUES, AT, VALUE_VECTORS, COUNT, Avx2VectorCode.BYTES, () -> {
                code.emit(VMULPS, X, BEFORE, Mem.at(AT));
                code.emit(VMOVUPS, Mem.at(AT), X);
            });
            code.add(MAXIMA, Float.BYTES);
            nextRow(code, abi, nextRow);
        });
    }

    /** Loads the last vector of a row of scores into X, with −∞ beyond its columns. */
    private static void lastScores(Assembler code) {
        code.emit(VANDPS, X, LAST, Mem.at(AT));
        code.emit(VORPS, X, X, FILL);
    }

    private static void exponentials(Assembler code, Avx2VectorCode math) {
        code.emit(VFMADD213PS, X, SCALE, SHIFT);
        math.exp(X, SCRATCH0, SCRATCH1, SCRATCH2);
        code.emit(VADDPS, SUM, SUM, X);
        code.emit(VMOVUPS, Mem.at(AT), X);
    }

    /**
     * Divides each row of values by its sum over lanes, and stores it at the address in the field of scores.
     */
    static byte[] divide(Abi abi) {
        return abi.function(code -> {
            Avx2VectorCode math = new Avx2VectorCode(code);
            start(code, abi);
            Label nextRow = code.label("next row");
            code.emit(VMOVUPS, SUM, Mem.at(SUMS));
            math.sumOfLanes(SUM, SCRATCH0);
            code.mov(VALUE_VECTORS, SCORES);
            Loops.overVectors(code, VALUES, AT, FULL, COUNT, Avx2VectorCode.BYTES, () -> {
                code.emit(VMOVUPS, X, Mem.at(AT));
                code.emit(VDIVPS, X, X, SUM);
                code.emit(VMOVUPS, Mem.at(VALUE_VECTORS), X);
                code.add(VALUE_VECTORS, Avx2VectorCode.BYTES);
            });
            code.emit(VMOVUPS, X, Mem.at(AT));
            code.emit(VDIVPS, X, X, SUM);
            code.emit(VMASKMOVPS, Mem.at(VALUE_VECTORS), LAST, X); // another head's numbers may follow
            nextRow(code, abi, nextRow);
        });
    }

    private static void start(Assembler code, Abi abi) {
        code.mov(ROWS, Mem.at(abi.argument(), ROWS_FIELD));
        code.mov(SCORES, Mem.at(abi.argument(), SCORES_FIELD));
        code.mov(FULL, Mem.at(abi.argument(), FULL_FIELD));
        code.mov(MAXIMA, Mem.at(abi.argument(), MAXIMA_FIELD));
        code.mov(SUMS, Mem.at(abi.argument(), SUMS_FIELD));
        code.mov(VALUES, Mem.at(abi.argument(), VALUES_FIELD));
        code.mov(VALUE_VECTORS, Mem.at(abi.argument(), VALUE_VECTORS_FIELD));
        code.emit(VMOVUPS, LAST, Mem.at(abi.argument(), MASK_FIELD));
    }

    private static void nextRow(Assembler code, Abi abi, Label nextRow) {
        code.add(SUMS, Avx2VectorCode.BYTES);
        code.add(SCORES, Mem.at(abi.argument(), SCORES_STRIDE_FIELD));
        code.add(VALUES, Mem.at(abi.argument(), VALUES_STRIDE_FIELD));
        code.dec(ROWS);
        code.jump(Condition.NOT_EQUAL, nextRow);
    }
}
