package dev.bgem3.kernel.jit.x64;

import static dev.bgem3.asm.x64.VectorOp.KMOVW;
import static dev.bgem3.asm.x64.VectorOp.VADDPS;
import static dev.bgem3.asm.x64.VectorOp.VCVTNEPS2BF16;
import static dev.bgem3.asm.x64.VectorOp.VCVTPS2DQ;
import static dev.bgem3.asm.x64.VectorOp.VDIVPS;
import static dev.bgem3.asm.x64.VectorOp.VMOVDQU16;
import static dev.bgem3.asm.x64.VectorOp.VMOVUPS;
import static dev.bgem3.asm.x64.VectorOp.VMULPS;
import static dev.bgem3.asm.x64.VectorOp.VPADDD;
import static dev.bgem3.asm.x64.VectorOp.VPANDD;
import static dev.bgem3.asm.x64.VectorOp.VPMAXSD;
import static dev.bgem3.asm.x64.VectorOp.VPMOVUSDB;
import static dev.bgem3.asm.x64.VectorOp.VPMOVZXWD;
import static dev.bgem3.asm.x64.VectorOp.VPSLLD;
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
 * Turns rows of fp32 or bf16 into a product's left operand: as they are; bf16, to nearest even; or int8 with a scale a row, the largest magnitude over
 * 127, kept as unsigned numbers 128 more. A row's last vector is filled up with zeros, which int8
 * keeps as 128. A NaN or an infinity makes the row's scale NaN,
 * and with it every number that the row gives.
 */
final class Avx512OperandKernel {
    // The argument block.
    private static final int FROM_FIELD = 0;
    private static final int FROM_STRIDE_FIELD = 8;
    private static final int TO_FIELD = 16;
    private static final int TO_STRIDE_FIELD = 24;
    private static final int ROWS_FIELD = 32;
    private static final int FULL_FIELD = 40; // vectors of a row before the last
    private static final int SCALES_FIELD = 48; // int8: fp32, one a row
    private static final int MASK_FIELD = 56; // lanes of the last vector
    static final int BLOCK_BYTES = 64;

    private static final Gpr FROM = Gpr.R8;
    private static final Gpr TO = Gpr.R9;
    private static final Gpr ROWS = Gpr.R10;
    private static final Gpr FULL = Gpr.R11;
    private static final Gpr AT = Gpr.RBX;
    private static final Gpr TO_AT = Gpr.RBP;
    private static final Gpr COUNT = Gpr.RAX;
    private static final Gpr SCALES = Gpr.RDX;
    private static final Mask LAST = new Mask(1);
    private static final Mask FIRST_LANE = new Mask(2);

    private static final Vec X = Vec.zmm(0);
    private static final Vec LARGEST = Vec.zmm(1);
    private static final Vec FACTOR = Vec.zmm(2);
    private static final Vec MAGNITUDE = Vec.zmm(3);
    private static final Vec ONE = Vec.zmm(4);

    private Avx512OperandKernel() {}

    /** Sets all fields; {@code scales} is 0 except for int8. */
    static void fill(MemorySegment block, long from, long fromStrideBytes, long to, long toStrideBytes,
            int rows,
            int columns, long scales) {
        int full = (columns - 1) / Avx512VectorCode.LANES;
        block.set(ValueLayout.JAVA_LONG, FROM_FIELD, from);
        block.set(ValueLayout.JAVA_LONG, FROM_STRIDE_FIELD, fromStrideBytes);
        block.set(ValueLayout.JAVA_LONG, TO_FIELD, to);
        block.set(ValueLayout.JAVA_LONG, TO_STRIDE_FIELD, toStrideBytes);
        block.set(ValueLayout.JAVA_LONG, ROWS_FIELD, rows);
        block.set(ValueLayout.JAVA_LONG, FULL_FIELD, full);
        block.set(ValueLayout.JAVA_LONG, SCALES_FIELD, scales);
        block.set(ValueLayout.JAVA_INT, MASK_FIELD,
                Avx512TileKernel.maskOf(columns - full * Avx512VectorCode.LANES));
    }

    static byte[] copy(Abi abi) {
        return abi.function(code -> {
            start(code, abi);
            Label nextRow = code.label("next row");
            code.mov(TO_AT, TO);
            Loops.overVectors(code, FROM, AT, FULL, COUNT, Avx512VectorCode.BYTES, () -> {
                code.emit(VMOVUPS, X, Mem.at(AT));
                code.emit(VMOVUPS, Mem.at(TO_AT), X);
                code.add(TO_AT, Avx512VectorCode.BYTES);
            });
            code.emit(VMOVUPS, X.zeroed(LAST), Mem.at(AT));
            code.emit(VMOVUPS, Mem.at(TO_AT), X);
            nextRow(code, abi, nextRow);
        });
    }

    /**
     * Rows of bf16.
     *
     * @param fromBf16
     *            whether they are bf16 before, and copied; else they are fp32
     */
    static byte[] toBf16(Abi abi, boolean fromBf16) {
        return abi.function(code -> {
            start(code, abi);
            Label nextRow = code.label("next row");
            code.mov(TO_AT, TO);
            Vec half = Vec.ymm(X.number());
            Loops.overVectors(code, FROM, AT, FULL, COUNT, vectorBytes(fromBf16), () -> {
                code.emit(fromBf16 ? VMOVUPS : VCVTNEPS2BF16, half, Mem.at(AT));
                code.emit(VMOVUPS, Mem.at(TO_AT), half);
                code.add(TO_AT, Avx512VectorCode.BYTES / 2);
            });
            if (fromBf16) {
                code.emit(VMOVDQU16, half.zeroed(LAST), Mem.at(AT));
            } else {
                code.emit(VMOVUPS, X.zeroed(LAST), Mem.at(AT));
                code.emit(VCVTNEPS2BF16, half, X);
            }
            code.emit(VMOVUPS, Mem.at(TO_AT), half);
            nextRow(code, abi, nextRow);
        });
    }

    /**
     * Rows of int8 and their scales.
     *
     * @param fromBf16
     *            whether they are bf16 before; else they are fp32
     */
    static byte[] toInt8(Abi abi, boolean fromBf16) {
        return abi.function(code -> {
            Avx512VectorCode math = start(code, abi);
            math.firstLane(FIRST_LANE, COUNT);
            math.magnitudeBits(MAGNITUDE);
            math.one(ONE);
            Label nextRow = code.label("next row");
            // As integers, the bits of magnitudes are in their order, with NaN above all: it is not lost.
            code.emit(VPXORD, LARGEST, LARGEST, LARGEST);
            Loops.overVectors(code, FROM, AT, FULL, COUNT, vectorBytes(fromBf16), () -> {
                load(code, X, fromBf16);
                code.emit(VPANDD, X, X, MAGNITUDE);
                code.emit(VPMAXSD, LARGEST, LARGEST, X);
            });
            load(code, X.zeroed(LAST), fromBf16);
            code.emit(VPANDD, X, X, MAGNITUDE);
            code.emit(VPMAXSD, LARGEST, LARGEST, X);
            math.largestLaneOfIntegers(LARGEST, X);
            math.overInt8Range(LARGEST);
            code.emit(VSUBPS, X, LARGEST, LARGEST); // 0, but NaN for an infinity, which as a scale could turn to 0 in a ReLU
            code.emit(VADDPS, LARGEST, LARGEST, X);
            code.emit(VMOVUPS, Mem.at(SCALES).masked(FIRST_LANE), LARGEST);
            code.emit(VDIVPS, FACTOR, ONE, LARGEST);
            code.mov(TO_AT, TO);
            Loops.overVectors(code, FROM, AT, FULL, COUNT, vectorBytes(fromBf16), () -> {
                load(code, X, fromBf16);
                code.emit(VMULPS, X, X, FACTOR);
                round(code, math);
            });
            load(code, X.zeroed(LAST), fromBf16);
            code.emit(VMULPS, X, X, FACTOR);
            round(code, math);
            code.add(SCALES, Float.BYTES);
            nextRow(code, abi, nextRow);
        });
    }

    private static int vectorBytes(boolean bf16) {
        return bf16 ? Avx512VectorCode.BYTES / 2 : Avx512VectorCode.BYTES;
    }

    /** The numbers at AT as fp32. */
    private static void load(Assembler code, Operand destination, boolean bf16) {
        code.emit(bf16 ? VPMOVZXWD : VMOVUPS, destination, Mem.at(AT));
        if (bf16) {
            code.emit(VPSLLD, X, X, 16);
        }
    }

    private static void round(Assembler code, Avx512VectorCode math) {
        code.emit(VCVTPS2DQ, X, X);
        code.emit(VPADDD, X, X, math.int8Zero());
        code.emit(VPMOVUSDB, Mem.at(TO_AT), X);
        code.add(TO_AT, Avx512VectorCode.LANES);
    }

    private static Avx512VectorCode start(Assembler code, Abi abi) {
        code.mov(FROM, Mem.at(abi.argument(), FROM_FIELD));
        code.mov(TO, Mem.at(abi.argument(), TO_FIELD));
        code.mov(ROWS, Mem.at(abi.argument(), ROWS_FIELD));
        code.mov(FULL, Mem.at(abi.argument(), FULL_FIELD));
        code.mov(SCALES, Mem.at(abi.argument(), SCALES_FIELD));
        code.emit(KMOVW, LAST, Mem.at(abi.argument(), MASK_FIELD));
        return new Avx512VectorCode(code);
    }

    private static void nextRow(Assembler code, Abi abi, Label nextRow) {
        code.add(FROM, Mem.at(abi.argument(), FROM_STRIDE_FIELD));
        code.add(TO, Mem.at(abi.argument(), TO_STRIDE_FIELD));
        code.dec(ROWS);
        code.jump(Condition.NOT_EQUAL, nextRow);
    }
}
