package dev.bgem3.kernel.jit.x64;

import static dev.bgem3.asm.x64.VectorOp.VADDPS;
import static dev.bgem3.asm.x64.VectorOp.VANDPS;
import static dev.bgem3.asm.x64.VectorOp.VCMPPS_VEX;
import static dev.bgem3.asm.x64.VectorOp.VFMADD213PS;
import static dev.bgem3.asm.x64.VectorOp.VFMADD231PS;
import static dev.bgem3.asm.x64.VectorOp.VMAXPS;
import static dev.bgem3.asm.x64.VectorOp.VMOVUPS;
import static dev.bgem3.asm.x64.VectorOp.VMULPS;
import static dev.bgem3.asm.x64.VectorOp.VPADDD;
import static dev.bgem3.asm.x64.VectorOp.VPERM2F128;
import static dev.bgem3.asm.x64.VectorOp.VPMAXSD;
import static dev.bgem3.asm.x64.VectorOp.VPSLLD;
import static dev.bgem3.asm.x64.VectorOp.VSHUFPS;
import static dev.bgem3.asm.x64.VectorOp.VSUBPS;
import static dev.bgem3.asm.x64.VectorOp.VXORPS;

import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.Label;
import dev.bgem3.asm.x64.Mem;
import dev.bgem3.asm.x64.Vec;
import dev.bgem3.asm.x64.VectorOp;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * {@link Avx512VectorCode} in AVX2: the same steps in the same order on the same constants, so exp and GELU have the same bits. What
 * AVX-512 has and AVX2 lacks is spelled out: a comparison's mask is a vector of ones and zeros, a constant stands in memory once
 * for each lane, and 2ⁿ is made of its exponent's bits.
 */
final class Avx2VectorCode {
    /** Lanes of fp32 in a register. */
    static final int LANES = 8;
    /** Bytes of a register. */
    static final int BYTES = 32;

    private static final int MANTISSA_BITS = 23;

    private final Assembler code;
    private final Label constants;

    Avx2VectorCode(Assembler code) {
        this.code = code;
        float[] lanes = new float[LANES * Avx512VectorCode.CONSTANTS.length];
        for (int i = 0; i < lanes.length; i++) {
            lanes[i] = Avx512VectorCode.CONSTANTS[i / LANES];
        }
        constants = code.constant(lanes);
    }

    /** One of {@link Avx512VectorCode#CONSTANTS} in every lane. */
    Mem constant(int index) {
        return Mem.at(constants).plus(BYTES * index);
    }

    /** {@code destination} = one of {@link Avx512VectorCode#CONSTANTS} in every lane. */
    void load(Vec destination, int index) {
        code.emit(VMOVUPS, destination, constant(index));
    }

    /** {@code destination = 0} in every lane. */
    void zero(Vec destination) {
        code.emit(VXORPS, destination, destination, destination);
    }

    /**
     * {@code x = exp(x)} for x ≤ 0, 0 below −87.3, NaN for NaN; the other registers are scratch.
     */
    void exp(Vec x, Vec s, Vec p, Vec kept) {
        code.emit(VCMPPS_VEX, kept, x, constant(Avx512VectorCode.LEAST_EXPONENT),
                Avx512VectorCode.NOT_LESS_THAN);
        load(s, Avx512VectorCode.ROUNDER);
        code.emit(VFMADD231PS, s, x, constant(Avx512VectorCode.LOG2_E)); // x / ln 2, rounded, in the low bits
        load(p, Avx512VectorCode.ROUNDER);
        code.emit(VSUBPS, p, s, p); // n
        code.emit(VFMADD231PS, x, p, constant(Avx512VectorCode.MINUS_LN2_HIGH));
        code.emit(VFMADD231PS, x, p, constant(Avx512VectorCode.MINUS_LN2_LOW)); // r
        load(p, Avx512VectorCode.E4);
        for (int coefficient = Avx512VectorCode.E4 + 1; coefficient <= Avx512VectorCode.E0; coefficient++) {
            code.emit(VFMADD213PS, p, x, constant(coefficient));
        }
        code.emit(VMULPS, p, p, x);
        code.emit(VFMADD213PS, p, x, x);
        code.emit(VADDPS, p, p, constant(Avx512VectorCode.ONE)); // exp(r)
        code.emit(VPSLLD, s, s, MANTISSA_BITS);
        code.emit(VPADDD, s, s, constant(Avx512VectorCode.ONE)); // 2ⁿ: n on top of the exponent of 1
        code.emit(VMULPS, p, p, s);
        code.emit(VANDPS, x, p, kept);
    }

    /** {@code z = z·Φ(z)}; the other registers are scratch. */
    void gelu(Vec z, Vec x, Vec q, Vec s, Vec p) {
        code.emit(VANDPS, x, z, constant(Avx512VectorCode.MAGNITUDE));
        load(q, Avx512VectorCode.G7);
        for (int coefficient = Avx512VectorCode.G7 + 1; coefficient <= Avx512VectorCode.G0; coefficient++) {
            code.emit(VFMADD213PS, q, x, constant(coefficient));
        }
        code.emit(VMULPS, q, q, x);
        code.emit(VXORPS, q, q, constant(Avx512VectorCode.SIGN));
        exp(q, s, p, x);
        code.emit(VMULPS, q, q, constant(Avx512VectorCode.HALF)); // Φ(−|z|)
        code.emit(VCMPPS_VEX, x, z, constant(Avx512VectorCode.ZERO), Avx512VectorCode.GREATER_THAN);
        load(s, Avx512VectorCode.ONE);
        code.emit(VSUBPS, s, s, q);
        choose(q, s, x);
        code.emit(VMULPS, z, z, q);
    }

    /** The lanes of {@code value} that the mask names become those of {@code other}, which is lost. */
    private void choose(Vec value, Vec other, Vec mask) {
        code.emit(VXORPS, other, other, value);
        code.emit(VANDPS, other, other, mask);
        code.emit(VXORPS, value, value, other);
    }

    /** Every lane of {@code value} becomes the sum of all, in one fixed order. */
    void sumOfLanes(Vec value, Vec scratch) {
        reduceLanes(VADDPS, value, scratch);
    }

    /** Every lane of {@code value} becomes the largest. */
    void largestLane(Vec value, Vec scratch) {
        reduceLanes(VMAXPS, value, scratch);
    }

    /** Every lane of {@code value} becomes the largest as signed integers. */
    void largestLaneOfIntegers(Vec value, Vec scratch) {
        reduceLanes(VPMAXSD, value, scratch);
    }

    /** Halves, pairs, neighbours. */
    private void reduceLanes(VectorOp op, Vec value, Vec scratch) {
        code.emit(VPERM2F128, scratch, value, value, 0x01);
        code.emit(op, value, value, scratch);
        code.emit(VSHUFPS, scratch, value, value, 0x4E);
        code.emit(op, value, value, scratch);
        code.emit(VSHUFPS, scratch, value, value, 0xB1);
        code.emit(op, value, value, scratch);
    }

    /**
     * The first {@code lanes} lanes as a mask for {@code vmaskmovps} and {@code vandps}: ones, then zeros.
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
