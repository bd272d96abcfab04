package dev.bgem3.kernel.jit.x64;

import static dev.bgem3.asm.x64.VectorOp.VADDPS;
import static dev.bgem3.asm.x64.VectorOp.VANDPS;
import static dev.bgem3.asm.x64.VectorOp.VCVTPS2DQ;
import static dev.bgem3.asm.x64.VectorOp.VDIVPS;
import static dev.bgem3.asm.x64.VectorOp.VEXTRACTF128;
import static dev.bgem3.asm.x64.VectorOp.VMASKMOVPS;
import static dev.bgem3.asm.x64.VectorOp.VMOVD;
import static dev.bgem3.asm.x64.VectorOp.VMOVUPS;
import static dev.bgem3.asm.x64.VectorOp.VMULPS;
import static dev.bgem3.asm.x64.VectorOp.VPACKSSDW;
import static dev.bgem3.asm.x64.VectorOp.VPACKUSWB;
import static dev.bgem3.asm.x64.VectorOp.VPADDD;
import static dev.bgem3.asm.x64.VectorOp.VPMAXSD;
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

/** {@link Avx512OperandKernel}'s rounding to int8 in AVX2: the same numbers and scales. A row's last vector is filled up. */
final class Avx2OperandKernel {
    // The argument block.
    private static final int FROM_FIELD = 0;
    private static final int FROM_STRIDE_FIELD = 8;
    private static final int TO_FIELD = 16;
    private static final int TO_STRIDE_FIELD = 24;
    private static final int ROWS_FIELD = 32;
    private static final int FULL_FIELD = 40; // vectors of a row before the last
    private static final int SCALES_FIELD = 48; // fp32, one a row
    private static final int MASK_FIELD = 56; // lanes of the last vector, 32 bits each
    static final int BLOCK_BYTES = MASK_FIELD + Avx2VectorCode.BYTES;

    private static final Gpr FROM = Gpr.R8;
    private static final Gpr TO = Gpr.R9;
    private static final Gpr ROWS = Gpr.R10;
    private static final Gpr FULL = Gpr.R11;
    private static final Gpr AT = Gpr.RBX;
    private static final Gpr TO_AT = Gpr.RBP;
    private static final Gpr COUNT = Gpr.RAX;
    private static final Gpr SCALES = Gpr.RDX;

    private static final Vec X = Vec.ymm(0);
    private static final Vec UPPER = Vec.ymm(1);
    private static final Vec LARGEST = Vec.ymm(2);
    private static final Vec FACTOR = Vec.ymm(3);
    private static final Vec LAST = Vec.ymm(4);

    private Avx2OperandKernel() {}

    /** Sets all fields. */
    static void fill(MemorySegment block, long from, long fromStrideBytes, long to, long toStrideBytes,
            int rows, int columns, long scales) {
        int full = (columns - 1) / Avx2VectorCode.LANES;
        block.set(ValueLayout.JAVA_LONG, FROM_FIELD, from);
        block.set(ValueLayout.JAVA_LONG, FROM_STRIDE_FIELD, fromStrideBytes);
        block.set(ValueLayout.JAVA_LONG, TO_FIELD, to);
        block.set(ValueLayout.JAVA_LONG, TO_STRIDE_FIELD, toStrideBytes);
        block.set(ValueLayout.JAVA_LONG, ROWS_FIELD, rows);
        block.set(ValueLayout.JAVA_LONG, FULL_FIELD, full);
        block.set(ValueLayout.JAVA_LONG, SCALES_FIELD, scales);
        Avx2VectorCode.fillMask(block, MASK_FIELD, columns - full * Avx2VectorCode.LANES);
    }

    static byte[] toInt8(Abi abi) {
        return abi.function(code -> {
            Avx2VectorCode math = start(code, abi);
            Label nextRow = code.label("next row");
            // As integers, the bits of magnitudes are in their order, with NaN above all: it is not lost.
            math.zero(LARGEST);
            Loops.overVectors(code, FROM, AT, FULL, COUNT, Avx2VectorCode.BYTES, () -> {
                code.emit(VMOVUPS, X, Mem.at(AT));
                largest(code, math);
            });
            code.emit(VMASKMOVPS, X, LAST, Mem.at(AT));
            largest(code, math);
            math.largestLaneOfIntegers(LARGEST, X);
            code.emit(VMULPS, LARGEST, LARGEST, math.constant(Avx512VectorCode.INT8_STEP));
            code.emit(VSUBPS, X, LARGEST, LARGEST); // 0, but NaN for an infinity, which as a scale could turn to 0 in a ReLU
            code.emit(VADDPS, LARGEST, LARGEST, X);
            code.emit(VMOVD, Mem.at(SCALES), LARGEST.as(16));
            math.load(FACTOR, Avx512VectorCode.ONE);
            code.emit(VDIVPS, FACTOR, FACTOR, LARGEST);
            code.mov(TO_AT, TO);
            Loops.overVectors(code, FROM, AT, FULL, COUNT, Avx2VectorCode.BYTES, () -> {
                code.emit(VMOVUPS, X, Mem.at(AT));
                round(code, math);
            });
            code.emit(VMASKMOVPS, X, LAST, Mem.at(AT));
            round(code, math);
            code.add(SCALES, Float.BYTES);
            code.add(FROM, Mem.at(abi.argument(), FROM_STRIDE_FIELD));
            code.add(TO, Mem.at(abi.argument(), TO_STRIDE_FIELD));
            code.dec(ROWS);
            code.jump(Condition.NOT_EQUAL, nextRow);
        });
    }

    private static void largest(Assembler code, Avx2VectorCode math) {
        code.emit(VANDPS, X, X, math.constant(Avx512VectorCode.MAGNITUDE));
        code.emit(VPMAXSD, LARGEST, LARGEST, X);
    }

    /** 8 numbers to 8 bytes: packing works within halves of a register, so each half gives 4. */
    private static void round(Assembler code, Avx2VectorCode math) {
        code.emit(VMULPS, X, X, FACTOR);
        code.emit(VCVTPS2DQ, X, X);
        code.emit(VPADDD, X, X, math.constant(Avx512VectorCode.INT8_ZERO));
        code.emit(VPACKSSDW, X, X, X);
        code.emit(VPACKUSWB, X, X, X);
        code.emit(VEXTRACTF128, UPPER.as(16), X, 1);
        code.emit(VMOVD, Mem.at(TO_AT), X.as(16));
        code.emit(VMOVD, Mem.at(TO_AT, 4), UPPER.as(16));
        code.add(TO_AT, Avx2VectorCode.LANES);
    }

    private static Avx2VectorCode start(Assembler code, Abi abi) {
        code.mov(FROM, Mem.at(abi.argument(), FROM_FIELD));
        code.mov(TO, Mem.at(abi.argument(), TO_FIELD));
        code.mov(ROWS, Mem.at(abi.argument(), ROWS_FIELD));
        code.mov(FULL, Mem.at(abi.argument(), FULL_FIELD));
        code.mov(SCALES, Mem.at(abi.argument(), SCALES_FIELD));
        code.emit(VMOVUPS, LAST, Mem.at(abi.argument(), MASK_FIELD));
        return new Avx2VectorCode(code);
    }
}
