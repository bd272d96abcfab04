package dev.bgem3.kernel.jit;

import static dev.bgem3.asm.VectorOp.KMOVW;
import static dev.bgem3.asm.VectorOp.VADDPS;
import static dev.bgem3.asm.VectorOp.VBROADCASTSS;
import static dev.bgem3.asm.VectorOp.VDIVPS;
import static dev.bgem3.asm.VectorOp.VFMADD213PS;
import static dev.bgem3.asm.VectorOp.VMAXPS;
import static dev.bgem3.asm.VectorOp.VMOVAPS;
import static dev.bgem3.asm.VectorOp.VMOVUPS;
import static dev.bgem3.asm.VectorOp.VMULPS;
import static dev.bgem3.asm.VectorOp.VPXORD;
import static dev.bgem3.asm.VectorOp.VSUBPS;

import dev.bgem3.asm.Abi;
import dev.bgem3.asm.Assembler;
import dev.bgem3.asm.Condition;
import dev.bgem3.asm.Gpr;
import dev.bgem3.asm.Label;
import dev.bgem3.asm.Mask;
import dev.bgem3.asm.Mem;
import dev.bgem3.asm.Vec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The row-wise part of attention on a block of queries: the running softmax (Milakov and Gimelshein 2018), and the division at
 * its end. Both take the same argument block.
 */
final class SoftmaxKernel {
    // The argument block.
    private static final int ROWS_FIELD = 0;
    private static final int SCORES_FIELD = 8; // [rows] at the stride: scores in, exponentials out; or the rows to write
    private static final int SCORES_STRIDE_FIELD = 16;
    private static final int FULL_FIELD = 24; // vectors of a row of scores before the last
    private static final int MAXIMA_FIELD = 32; // [rows]
    private static final int SUMS_FIELD = 40; // [rows][16], sums of exponentials per lane
    private static final int VALUES_FIELD = 48; // [rows] at the stride, weighted sums of values
    private static final int VALUES_STRIDE_FIELD = 56;
    private static final int VALUE_VECTORS_FIELD = 64; // vectors of a row of values, at least 1
    private static final int SCALE_FIELD = 72; // fp32
    private static final int MASK_FIELD = 76; // lanes of the last vector of a row of scores
    static final int BLOCK_BYTES = 80;

    private static final Gpr ROWS = Gpr.R8;
    private static final Gpr SCORES = Gpr.R9;
    private static final Gpr FULL = Gpr.R10;
    private static final Gpr MAXIMA = Gpr.R11;
    private static final Gpr SUMS = Gpr.RAX;
    private static final Gpr VALUES = Gpr.RDX;
    private static final Gpr AT = Gpr.RBX;
    private static final Gpr COUNT = Gpr.RBP;
    private static final Gpr VALUE_VECTORS = Gpr.RSI;
    private static final Mask LAST = new Mask(1);
    private static final Mask FIRST_LANE = new Mask(2);
    private static final Mask SCRATCH_MASK = new Mask(3);

    private static final Vec MAXIMUM = Vec.zmm(0);
    private static final Vec BEFORE = Vec.zmm(1);
    private static final Vec X = Vec.zmm(2);
    private static final Vec SUM = Vec.zmm(3);
    private static final Vec SCALE = Vec.zmm(4);
    private static final Vec SHIFT = Vec.zmm(5);
    private static final Vec SCRATCH0 = Vec.zmm(6);
    private static final Vec SCRATCH1 = Vec.zmm(7);

    private SoftmaxKernel() {}

    /** Sets the fields. */
    static void fill(MemorySegment block, int rows, MemorySegment scores, long scoresOffset,
            long scoresStrideBytes,
            int columns, MemorySegment maxima, MemorySegment sums, MemorySegment values,
            long valuesStrideBytes,
            float scale) {
        int full = (columns - 1) / VectorCode.LANES;
        block.set(ValueLayout.JAVA_LONG, ROWS_FIELD, rows);
        block.set(ValueLayout.JAVA_LONG, SCORES_FIELD, scores.address() + scoresOffset);
        block.set(ValueLayout.JAVA_LONG, SCORES_STRIDE_FIELD, scoresStrideBytes);
        block.set(ValueLayout.JAVA_LONG, FULL_FIELD, full);
        block.set(ValueLayout.ADDRESS, MAXIMA_FIELD, maxima);
        block.set(ValueLayout.ADDRESS, SUMS_FIELD, sums);
        block.set(ValueLayout.ADDRESS, VALUES_FIELD, values);
        block.set(ValueLayout.JAVA_LONG, VALUES_STRIDE_FIELD, valuesStrideBytes);
        block.set(ValueLayout.JAVA_LONG, VALUE_VECTORS_FIELD, valuesStrideBytes / VectorCode.BYTES);
        block.set(ValueLayout.JAVA_FLOAT, SCALE_FIELD, scale);
        block.set(ValueLayout.JAVA_INT, MASK_FIELD, TileKernel.maskOf(columns - full * VectorCode.LANES));
    }

    /**
     * For each row: the new maximum; what was summed under the old one scaled to it; the scores turned into
     * {@code exp(scale · score − maximum)} and added to the sums.
     */
    static byte[] exponentiate(Abi abi) {
        return abi.function(code -> {
            VectorCode math = start(code, abi);
            code.emit(VBROADCASTSS, SCALE, Mem.at(abi.argument(), SCALE_FIELD));
            math.firstLane(FIRST_LANE, COUNT);
            Label nextRow = code.label("next row");
            math.minusInfinity(MAXIMUM);
            math.minusInfinity(X);
            Loops.overVectors(code, SCORES, AT, FULL, COUNT,
                    () -> code.emit(VMAXPS, MAXIMUM, MAXIMUM, Mem.at(AT)));
            code.emit(VMOVUPS, X.masked(LAST), Mem.at(AT));
            code.emit(VMAXPS, MAXIMUM, MAXIMUM, X);
            math.largestLane(MAXIMUM, SCRATCH0);
            code.emit(VMULPS, MAXIMUM, MAXIMUM, SCALE);
            code.emit(VBROADCASTSS, BEFORE, Mem.at(MAXIMA));
            code.emit(VMAXPS, MAXIMUM, MAXIMUM, BEFORE);
            code.emit(VMOVUPS, Mem.at(MAXIMA).masked(FIRST_LANE), MAXIMUM);
            code.emit(VSUBPS, BEFORE, BEFORE, MAXIMUM);
            math.exp(BEFORE, SCRATCH0, SCRATCH1, SCRATCH_MASK); // The factor for what was summed before.
            code.emit(VPXORD, SHIFT, SHIFT, SHIFT);
            code.emit(VSUBPS, SHIFT, SHIFT, MAXIMUM);

            code.emit(VMULPS, SUM, BEFORE, Mem.at(SUMS));
            Loops.overVectors(code, SCORES, AT, FULL, COUNT, () -> {
                code.emit(VMOVUPS, X, Mem.at(AT));
                code.emit(VFMADD213PS, X, SCALE, SHIFT);
                math.exp(X, SCRATCH0, SCRATCH1, SCRATCH_MASK);
                code.emit(VADDPS, SUM, SUM, X);
                code.emit(VMOVUPS, Mem.at(AT), X);
            });
            code.emit(VMOVUPS, X.zeroed(LAST), Mem.at(AT));
            code.emit(VFMADD213PS, X, SCALE, SHIFT);
            math.exp(X, SCRATCH0, SCRATCH1, SCRATCH_MASK);
            code.emit(VADDPS, SUM.masked(LAST), SUM, X);
            code.emit(VMOVUPS, Mem.at(AT).masked(LAST), X);
            code.emit(VMOVUPS, Mem.at(SUMS), SUM);

            Loops.overVectors(code, VALUES, AT, VALUE_VECTORS, COUNT, () -> {
                code.emit(VMULPS, X, BEFORE, Mem.at(AT));
                code.emit(VMOVUPS, Mem.at(AT), X);
            });
            code.add(MAXIMA, Float.BYTES);
            nextRow(code, abi, nextRow);
        });
    }

    /** For each row: the values divided by the sum over lanes, written where the scores' field says. */
    static byte[] divide(Abi abi) {
        return abi.function(code -> {
            VectorCode math = start(code, abi);
            Label nextRow = code.label("next row");
            code.emit(VMOVAPS, SUM, Mem.at(SUMS));
            math.sumOfLanes(SUM, SCRATCH0);
            code.mov(VALUE_VECTORS, SCORES);
            Loops.overVectors(code, VALUES, AT, FULL, COUNT, () -> {
                code.emit(VMOVUPS, X, Mem.at(AT));
                code.emit(VDIVPS, X, X, SUM);
                code.emit(VMOVUPS, Mem.at(VALUE_VECTORS), X);
                code.add(VALUE_VECTORS, VectorCode.BYTES);
            });
            code.emit(VMOVUPS, X, Mem.at(AT));
            code.emit(VDIVPS, X, X, SUM);
            code.emit(VMOVUPS, Mem.at(VALUE_VECTORS).masked(LAST), X);
            nextRow(code, abi, nextRow);
        });
    }

    private static VectorCode start(Assembler code, Abi abi) {
        code.mov(ROWS, Mem.at(abi.argument(), ROWS_FIELD));
        code.mov(SCORES, Mem.at(abi.argument(), SCORES_FIELD));
        code.mov(FULL, Mem.at(abi.argument(), FULL_FIELD));
        code.mov(MAXIMA, Mem.at(abi.argument(), MAXIMA_FIELD));
        code.mov(SUMS, Mem.at(abi.argument(), SUMS_FIELD));
        code.mov(VALUES, Mem.at(abi.argument(), VALUES_FIELD));
        code.mov(VALUE_VECTORS, Mem.at(abi.argument(), VALUE_VECTORS_FIELD));
        code.emit(KMOVW, LAST, Mem.at(abi.argument(), MASK_FIELD));
        return new VectorCode(code);
    }

    private static void nextRow(Assembler code, Abi abi, Label nextRow) {
        code.add(SUMS, VectorCode.BYTES);
        code.add(SCORES, Mem.at(abi.argument(), SCORES_STRIDE_FIELD));
        code.add(VALUES, Mem.at(abi.argument(), VALUES_STRIDE_FIELD));
        code.dec(ROWS);
        code.jump(Condition.NOT_EQUAL, nextRow);
    }
}
