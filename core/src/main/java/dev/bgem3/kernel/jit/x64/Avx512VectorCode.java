package dev.bgem3.kernel.jit.x64;

import static dev.bgem3.asm.x64.VectorOp.KMOVW_KR;
import static dev.bgem3.asm.x64.VectorOp.VADDPS;
import static dev.bgem3.asm.x64.VectorOp.VBROADCASTSS;
import static dev.bgem3.asm.x64.VectorOp.VCMPPS;
import static dev.bgem3.asm.x64.VectorOp.VFMADD213PS;
import static dev.bgem3.asm.x64.VectorOp.VFMADD231PS;
import static dev.bgem3.asm.x64.VectorOp.VMAXPS;
import static dev.bgem3.asm.x64.VectorOp.VMINPS;
import static dev.bgem3.asm.x64.VectorOp.VMOVDQU16;
import static dev.bgem3.asm.x64.VectorOp.VMULPS;
import static dev.bgem3.asm.x64.VectorOp.VPADDD;
import static dev.bgem3.asm.x64.VectorOp.VPANDD;
import static dev.bgem3.asm.x64.VectorOp.VPMAXSD;
import static dev.bgem3.asm.x64.VectorOp.VPSRLD;
import static dev.bgem3.asm.x64.VectorOp.VPXORD;
import static dev.bgem3.asm.x64.VectorOp.VRNDSCALEPS;
import static dev.bgem3.asm.x64.VectorOp.VSCALEFPS;
import static dev.bgem3.asm.x64.VectorOp.VSHUFF32X4;
import static dev.bgem3.asm.x64.VectorOp.VSHUFPS;
import static dev.bgem3.asm.x64.VectorOp.VSUBPS;

import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.x64.Gpr;
import dev.bgem3.asm.Label;
import dev.bgem3.asm.x64.Mask;
import dev.bgem3.asm.x64.Mem;
import dev.bgem3.asm.x64.Vec;
import dev.bgem3.asm.x64.VectorOp;

/** exp, GELU and sums over lanes as sequences of AVX-512 instructions, with their constants. */
final class Avx512VectorCode {
    /** Lanes of fp32 in a register. */
    static final int LANES = 16;
    /** Bytes of a register. */
    static final int BYTES = 64;

    static final int NOT_LESS_THAN = 5; // unordered compares as true
    static final int GREATER_THAN = 14; // unordered compares as false

    /** As kernel.vector's VectorMath has them, where their errors are argued; by src/reference/fit_polynomials.py. */
    static final float[] CONSTANTS = {-87.3f, 1.4426950408889634f, 12582912f, -0.693359375f,
            2.1219444e-4f,
            0x1.6a2434p-10f, 0x1.1239e2p-7f, 0x1.5558f2p-5f, 0x1.555492p-3f, 0x1.fffffcp-2f, 1f, 0.5f, 0f,
            1.9650117e-6f, -2.7294534e-5f, 1.2905031e-4f, 9.4917064e-5f, -0.004895989783108234f,
            0.03638757765293121f, 0.318298876285553f, 0.7978852987289429f, Float.intBitsToFloat(0x7fffffff),
            Float.NEGATIVE_INFINITY, Float.intBitsToFloat(0x80000000),
            1 / 127f, Float.intBitsToFloat(128), -126f, 9.9992806e-1f, 6.9326097e-1f, 2.4261113e-1f,
            5.517167e-2f, 4.25f, -4.25f, 3.988192e-1f, -6.619028e-2f, 9.71878e-3f, -1.0790784e-3f,
            8.8489214e-5f, -5.147521e-6f, 1.9861629e-7f, -4.5153157e-9f, 4.547088e-11f,
            Float.intBitsToFloat(0x8000)};
    static final int LEAST_EXPONENT = 0;
    static final int LOG2_E = 1;
    static final int ROUNDER = 2;
    static final int MINUS_LN2_HIGH = 3;
    static final int MINUS_LN2_LOW = 4;
    static final int E4 = 5;
    static final int E0 = 9;
    static final int ONE = 10;
    static final int HALF = 11;
    static final int ZERO = 12;
    static final int G7 = 13;
    static final int G0 = 20;
    static final int MAGNITUDE = 21;
    static final int MINUS_INFINITY = 22;
    static final int SIGN = 23;
    static final int INT8_STEP = 24;
    static final int INT8_ZERO = 25;
    static final int LEAST_POWER = 26;
    static final int P0 = 27;
    static final int P3 = 30;
    static final int S_LIMIT = 31;
    static final int S_MINUS_LIMIT = 32;
    static final int S0 = 33;
    static final int S8 = 41;
    static final int HALF_OF_BF16 = 42;

    private final Assembler code;
    private final Label constants;

    Avx512VectorCode(Assembler code) {
        this.code = code;
        constants = code.constant(CONSTANTS);
    }

    private Mem constant(int index) {
        return Mem.at(constants).plus(4 * index).broadcasting();
    }

    private void spread(Vec destination, int index) {
        code.emit(VBROADCASTSS, destination, Mem.at(constants).plus(4 * index));
    }

    /** {@code destination = −∞} in every lane. */
    void minusInfinity(Vec destination) {
        spread(destination, MINUS_INFINITY);
    }

    /** {@code destination = 1} in every lane. */
    void one(Vec destination) {
        spread(destination, ONE);
    }

    /** Every bit but the sign's in every lane. */
    void magnitudeBits(Vec destination) {
        spread(destination, MAGNITUDE);
    }

    /** {@code value = value / 127}, as a product. */
    void overInt8Range(Vec value) {
        code.emit(VMULPS, value, value, constant(INT8_STEP));
    }

    /** The integer 128 for every lane: what int8 operands are kept with. */
    Mem int8Zero() {
        return constant(INT8_ZERO);
    }

    /** A mask of the first lane alone. */
    void firstLane(Mask mask, Gpr scratch) {
        code.mov(scratch, 1);
        code.emit(KMOVW_KR, mask, scratch);
    }

    /**
     * {@code x = exp(x)} for x ≤ 0, 0 below −87.3, NaN for NaN.
     *
     * @param s
     *            scratch
     * @param p
     *            scratch
     * @param kept
     *            scratch
     */
    void exp(Vec x, Vec s, Vec p, Mask kept) {
        code.emit(VCMPPS, kept, x, constant(LEAST_EXPONENT), NOT_LESS_THAN);
        spread(s, ROUNDER);
        code.emit(VFMADD231PS, s, x, constant(LOG2_E)); // x / ln 2, rounded, in the low bits
        code.emit(VSUBPS, s, s, constant(ROUNDER)); // n
        code.emit(VFMADD231PS, x, s, constant(MINUS_LN2_HIGH));
        code.emit(VFMADD231PS, x, s, constant(MINUS_LN2_LOW)); // r
        spread(p, E4);
        for (int coefficient = E4 + 1; coefficient <= E0; coefficient++) {
            code.emit(VFMADD213PS, p, x, constant(coefficient));
        }
        code.emit(VMULPS, p, p, x);
        code.emit(VFMADD213PS, p, x, x);
        code.emit(VADDPS, p, p, constant(ONE)); // exp(r)
        code.emit(VSCALEFPS, x.zeroed(kept), p, s); // · 2ⁿ
    }

    /**
     * {@code x = 2ˣ} for x ≤ 0, off by at most 8·10⁻⁵ of itself: a twentieth of what rounding it to bf16 costs, for a third of
     * the multiply-adds of {@link #exp}. 0 below −126, NaN for NaN.
     *
     * @param n
     *            scratch
     * @param p
     *            scratch
     * @param kept
     *            scratch
     */
    void shortPowerOfTwo(Vec x, Vec n, Vec p, Mask kept) {
        code.emit(VCMPPS, kept, x, constant(LEAST_POWER), NOT_LESS_THAN);
        code.emit(VRNDSCALEPS, n, x, 0); // to the nearest whole number
        code.emit(VSUBPS, x, x, n);
        spread(p, P3);
        for (int coefficient = P3 - 1; coefficient >= P0; coefficient--) {
            code.emit(VFMADD213PS, p, x, constant(coefficient));
        }
        code.emit(VSCALEFPS, x.zeroed(kept), p, n);
    }

    /**
     * {@code even} = its lanes rounded to bf16 in the lower halves, those of {@code odd} in the upper ones: to nearest, ties away
     * from zero. {@code odd} is scratch.
     *
     * @param upperHalves
     *            of words of 16 bits
     */
    void pairsOfBf16(Vec even, Vec odd, Mask upperHalves) {
        code.emit(VPADDD, even, even, constant(HALF_OF_BF16));
        code.emit(VPADDD, odd, odd, constant(HALF_OF_BF16));
        code.emit(VPSRLD, even, even, 16);
        code.emit(VMOVDQU16, even.masked(upperHalves), odd);
    }

    /**
     * {@code z = z·Φ(z)}, off by at most 4·10⁻⁵ + 6·10⁻⁶·|z|, for numbers that are then rounded to bf16 or int8: half the
     * instructions of {@link #gelu}. Φ is 1/2 plus an odd polynomial, beyond ±4.25 what it is there, and not below 0.
     */
    void shortGelu(Vec z, Vec x, Vec square, Vec p) {
        // Of a minimum and a maximum the second operand wins where one is NaN.
        spread(x, S_LIMIT);
        code.emit(VMINPS, x, x, z);
        spread(p, S_MINUS_LIMIT);
        code.emit(VMAXPS, x, p, x);
        code.emit(VMULPS, square, x, x);
        spread(p, S8);
        for (int coefficient = S8 - 1; coefficient >= S0; coefficient--) {
            code.emit(VFMADD213PS, p, square, constant(coefficient));
        }
        code.emit(VFMADD213PS, p, x, constant(HALF)); // Φ(z)
        spread(x, ZERO);
        code.emit(VMAXPS, p, x, p);
        code.emit(VMULPS, z, z, p);
    }

    /** {@code z = z·Φ(z)}; the other registers are scratch. */
    void gelu(Vec z, Vec x, Vec q, Vec s, Vec p, Mask mask) {
        code.emit(VPANDD, x, z, constant(MAGNITUDE));
        spread(q, G7);
        for (int coefficient = G7 + 1; coefficient <= G0; coefficient++) {
            code.emit(VFMADD213PS, q, x, constant(coefficient));
        }
        code.emit(VMULPS, q, q, x);
        code.emit(VPXORD, q, q, constant(SIGN));
        exp(q, s, p, mask);
        code.emit(VMULPS, q, q, constant(HALF)); // Φ(−|z|)
        code.emit(VCMPPS, mask, z, constant(ZERO), GREATER_THAN);
        spread(s, ONE);
        code.emit(VSUBPS, q.masked(mask), s, q);
        code.emit(VMULPS, z, z, q);
    }

    /** Every lane of {@code value} becomes the sum of all, in one fixed order. */
    void sumOfLanes(Vec value, Vec scratch) {
        reduceLanes(VADDPS, value, scratch);
    }

    /** Every lane of {@code value} becomes the largest as signed integers. */
    void largestLaneOfIntegers(Vec value, Vec scratch) {
        reduceLanes(VPMAXSD, value, scratch);
    }

    /** Halves, quarters, pairs, neighbours. */
    private void reduceLanes(VectorOp op, Vec value, Vec scratch) {
        code.emit(VSHUFF32X4, scratch, value, value, 0x4E);
        code.emit(op, value, value, scratch);
        code.emit(VSHUFF32X4, scratch, value, value, 0xB1);
        code.emit(op, value, value, scratch);
        code.emit(VSHUFPS, scratch, value, value, 0x4E);
        code.emit(op, value, value, scratch);
        code.emit(VSHUFPS, scratch, value, value, 0xB1);
        code.emit(op, value, value, scratch);
    }
}
