package dev.bgem3.kernel.jit.x64;

import static dev.bgem3.asm.x64.VectorOp.VANDPS;
import static dev.bgem3.asm.x64.VectorOp.VCMPPS_VEX;
import static dev.bgem3.asm.x64.VectorOp.VEXTRACTF128;
import static dev.bgem3.asm.x64.VectorOp.VMASKMOVPS;
import static dev.bgem3.asm.x64.VectorOp.VMAXPS;
import static dev.bgem3.asm.x64.VectorOp.VMOVD;
import static dev.bgem3.asm.x64.VectorOp.VMOVUPS;
import static dev.bgem3.asm.x64.VectorOp.VMULPS;
import static dev.bgem3.asm.x64.VectorOp.VPACKSSDW;
import static dev.bgem3.asm.x64.VectorOp.VPACKUSWB;
import static dev.bgem3.asm.x64.VectorOp.VPADDD;
import static dev.bgem3.asm.x64.VectorOp.VPERM2F128;
import static dev.bgem3.asm.x64.VectorOp.VPSLLD;
import static dev.bgem3.asm.x64.VectorOp.VSUBPS;
import static dev.bgem3.asm.x64.VectorOp.VXORPS;

import dev.bgem3.asm.Label;
import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.x64.Mem;
import dev.bgem3.asm.x64.Operand;
import dev.bgem3.asm.x64.Register;
import dev.bgem3.asm.x64.Vec;
import dev.bgem3.asm.x64.VectorOp;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * {@link VectorCode} in AVX2, with replacements for instructions of AVX-512: the mask of a comparison is a
 * vector of ones and zeros, a constant is stored once for each lane, and 2ⁿ is computed from the bits of its
 * exponent.
 */
final class Avx2VectorCode extends VectorCode {
    /** The number of fp32 lanes in a register. */
    static final int LANES = 8;
    /** The size of a register in bytes. */
    static final int BYTES = 32;

    private static final int MANTISSA_BITS = 23;
    private static final Vec LAST = Vec.ymm(15);

    private final Label constants;

    Avx2VectorCode(Assembler code) {
        super(code);
        float[] lanes = new float[LANES * CONSTANTS.length];
        for (int i = 0; i < lanes.length; i++) {
            lanes[i] = CONSTANTS[i / LANES];
        }
        constants = code.constant(lanes);
    }

    @Override
    Mem constant(int index) {
        return Mem.at(constants).plus(BYTES * index);
    }

    @Override
    void load(Vec destination, int index) {
        code.emit(VMOVUPS, destination, constant(index));
    }

    @Override
    void zero(Vec destination) {
        code.emit(VXORPS, destination, destination, destination);
    }

    @Override
    void and(Vec destination, Vec left, Operand right) {
        code.emit(VANDPS, destination, left, right);
    }

    @Override
    void negate(Vec value) {
        code.emit(VXORPS, value, value, constant(SIGN));
    }

    @Override
    void compare(Register mask, Vec value, int constant, int predicate) {
        code.emit(VCMPPS_VEX, mask, value, constant(constant), predicate);
    }

    @Override
    Vec wholePart(Vec rounded, Vec scratch) {
        load(scratch, ROUNDER);
        code.emit(VSUBPS, scratch, rounded, scratch);
        return scratch;
    }

    @Override
    void timesPowerOfTwo(Vec x, Vec p, Vec s, Register kept) {
        code.emit(VPSLLD, s, s, MANTISSA_BITS);
        code.emit(VPADDD, s, s, constant(ONE)); // 2ⁿ: n added to the exponent of 1
        code.emit(VMULPS, p, p, s);
        code.emit(VANDPS, x, p, kept);
    }

    @Override
    void oneMinus(Vec value, Vec one, Register mask) {
        code.emit(VSUBPS, one, one, value);
        // Replace the masked lanes of value by those of the difference.
        code.emit(VXORPS, one, one, value);
        code.emit(VANDPS, one, one, mask);
        code.emit(VXORPS, value, value, one);
    }

    /** Sets every lane of {@code value} to the largest. */
    void largestLane(Vec value, Vec scratch) {
        reduceLanes(VMAXPS, value, scratch);
    }

    @Override
    void reduceQuarters(VectorOp op, Vec value, Vec scratch) {
        code.emit(VPERM2F128, scratch, value, value, 0x01);
        code.emit(op, value, value, scratch);
    }

    @Override
    void loadLastMask(Mem from) {
        code.emit(VMOVUPS, LAST, from);
    }

    @Override
    void loadLast(Vec destination, Mem from) {
        code.emit(VMASKMOVPS, destination, LAST, from);
    }

    @Override
    void storeLast(Mem to, Vec source) {
        code.emit(VMASKMOVPS, to, LAST, source);
    }

    @Override
    void subtractInLast(Vec value, Vec other) {
        code.emit(VSUBPS, value, value, other);
        code.emit(VANDPS, value, value, LAST);
    }

    /** Stores 4 bytes from each half, since packing works within halves of a register. */
    @Override
    void storeBytes(Mem to, Vec value, Vec scratch) {
        code.emit(VPACKSSDW, value, value, value);
        code.emit(VPACKUSWB, value, value, value);
        code.emit(VEXTRACTF128, scratch.as(16), value, 1);
        code.emit(VMOVD, to, value.as(16));
        code.emit(VMOVD, to.plus(4), scratch.as(16));
    }

    /**
     * Writes a mask of the first {@code lanes} lanes for {@code vmaskmovps} and {@code vandps}: ones, then
     * zeros.
     *
     * @param lanes
     *            1 to {@link #LANES}
     */
    static void fillMask(MemorySegment block, long offsetBytes, int lanes) {
        for (int lane = 0; lane < LANES; lane++) {
            block.set(ValueLayout.JAVA_INT, offsetBytes + 4L * lane, lane < lanes ? -1 : 0);
        }
    }
}
