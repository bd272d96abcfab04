package dev.bgem3.kernel.jit.x64;

import static dev.bgem3.asm.x64.VectorOp.VADDPS;
import static dev.bgem3.asm.x64.VectorOp.VFMADD213PS;
import static dev.bgem3.asm.x64.VectorOp.VFMADD231PS;
import static dev.bgem3.asm.x64.VectorOp.VMULPS;
import static dev.bgem3.asm.x64.VectorOp.VPMAXSD;
import static dev.bgem3.asm.x64.VectorOp.VSHUFPS;
import static dev.bgem3.asm.x64.VectorOp.VSUBPS;

import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.x64.Mem;
import dev.bgem3.asm.x64.Operand;
import dev.bgem3.asm.x64.Register;
import dev.bgem3.asm.x64.Vec;
import dev.bgem3.asm.x64.VectorOp;

/**
 * Emits exp, GELU and sums over lanes, and holds the constants of their polynomials. The steps and their
 * order are the same for both vector widths, so that results have the same bits; subclasses emit the steps
 * for which AVX-512 and AVX2 have different instructions.
 *
 * <p>
 * Methods with a mask take it in the register type of the instruction set: a mask register in AVX-512, a
 * vector in AVX2.
 */
abstract class VectorCode {
    static final int NOT_LESS_THAN = 5; // unordered compares as true
    static final int GREATER_THAN = 14; // unordered compares as false

    /**
     * The constants of VectorMath in kernel.vector, which derives their errors, and more from
     * src/reference/fit_polynomials.py.
     */
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
    static final int MIN_EXPONENT = 0;
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
    static final int MIN_POWER = 26;
    static final int P0 = 27;
    static final int P3 = 30;
    static final int S_LIMIT = 31;
    static final int S_MINUS_LIMIT = 32;
    static final int S0 = 33;
    static final int S8 = 41;
    static final int HALF_OF_BF16 = 42;

    /** The assembler to which instructions are written. */
    final Assembler code;

    VectorCode(Assembler code) {
        this.code = code;
    }

    /** Returns one of {@link #CONSTANTS} in every lane, as a source operand. */
    abstract Mem constant(int index);

    /** Loads one of {@link #CONSTANTS} into every lane. */
    abstract void load(Vec destination, int index);

    /** {@code destination = 0} in every lane. */
    abstract void zero(Vec destination);

    /** {@code destination = left & right}, bit by bit. */
    abstract void and(Vec destination, Vec left, Operand right);

    /** {@code value = -value}. */
    abstract void negate(Vec value);

    /** Sets {@code mask} to the lanes of {@code value} for which the comparison with a constant is true. */
    abstract void compare(Register mask, Vec value, int constant, int predicate);

    /**
     * Computes the integer n from {@code rounded}, which is n plus {@link #ROUNDER}, in either register, and
     * returns that register.
     */
    abstract Vec wholePart(Vec rounded, Vec scratch);

    /**
     * {@code x = p · 2ⁿ} in the lanes of the mask, 0 in others; {@code s} is the register from
     * {@link #wholePart}.
     */
    abstract void timesPowerOfTwo(Vec x, Vec p, Vec s, Register kept);

    /**
     * {@code value = 1 - value} in the lanes of the mask; {@code one} is 1 in every lane and is overwritten.
     */
    abstract void oneMinus(Vec value, Vec one, Register mask);

    /** {@code x = exp(x)} for x ≤ 0, 0 below −87.3, NaN for NaN; the other registers are scratch. */
    final void exp(Vec x, Vec s, Vec p, Register kept) {
        compare(kept, x, MIN_EXPONENT, NOT_LESS_THAN);
        load(s, ROUNDER);
        code.emit(VFMADD231PS, s, x, constant(LOG2_E)); // x / ln 2, rounded, in the low bits
        Vec n = wholePart(s, p);
        code.emit(VFMADD231PS, x, n, constant(MINUS_LN2_HIGH));
        code.emit(VFMADD231PS, x, n, constant(MINUS_LN2_LOW)); // r
        load(p, E4);
        for (int coefficient = E4 + 1; coefficient <= E0; coefficient++) {
            code.emit(VFMADD213PS, p, x, constant(coefficient));
        }
        code.emit(VMULPS, p, p, x);
        code.emit(VFMADD213PS, p, x, x);
        code.emit(VADDPS, p, p, constant(ONE)); // exp(r)
        timesPowerOfTwo(x, p, s, kept);
    }

    /**
     * {@code z = z·Φ(z)}; the other registers are scratch.
     *
     * @param mask
     *            may be {@code x} if it is a vector
     */
    final void gelu(Vec z, Vec x, Vec q, Vec s, Vec p, Register mask) {
        and(x, z, constant(MAGNITUDE));
        load(q, G7);
        for (int coefficient = G7 + 1; coefficient <= G0; coefficient++) {
            code.emit(VFMADD213PS, q, x, constant(coefficient));
        }
        code.emit(VMULPS, q, q, x);
        negate(q);
        exp(q, s, p, mask);
        code.emit(VMULPS, q, q, constant(HALF)); // Φ(−|z|)
        compare(mask, z, ZERO, GREATER_THAN);
        load(s, ONE);
        oneMinus(q, s, mask);
        code.emit(VMULPS, z, z, q);
    }

    /** Sets every lane of {@code value} to the sum of all lanes, in a fixed order. */
    final void sumOfLanes(Vec value, Vec scratch) {
        reduceLanes(VADDPS, value, scratch);
    }

    /** Sets every lane of {@code value} to the largest, as signed integers. */
    final void largestLaneOfIntegers(Vec value, Vec scratch) {
        reduceLanes(VPMAXSD, value, scratch);
    }

    /** Combines quarters of a register, then pairs of lanes, then neighbours. */
    final void reduceLanes(VectorOp op, Vec value, Vec scratch) {
        reduceQuarters(op, value, scratch);
        code.emit(VSHUFPS, scratch, value, value, 0x4E);
        code.emit(op, value, value, scratch);
        code.emit(VSHUFPS, scratch, value, value, 0xB1);
        code.emit(op, value, value, scratch);
    }

    /** Combines all 128-bit parts of {@code value}, and sets each of them to the result. */
    abstract void reduceQuarters(VectorOp op, Vec value, Vec scratch);

    // The last vector of a row, whose lanes beyond the end of the row are neither read nor written. Its mask
    // has its own register.

    /** Loads the mask that {@link Vectors#fillMask} wrote. */
    abstract void loadLastMask(Mem from);

    /** Loads the row's last numbers, and 0 in the other lanes. */
    abstract void loadLast(Vec destination, Mem from);

    /** Stores the row's last numbers. */
    abstract void storeLast(Mem to, Vec source);

    /** {@code value -= other} in the row's lanes; 0 in the others. */
    abstract void subtractInLast(Vec value, Vec other);

    // Rounding to int8

    /** {@code value = value / 127}, by multiplication. */
    final void overInt8Range(Vec value) {
        code.emit(VMULPS, value, value, constant(INT8_STEP));
    }

    /** {@code value - value}: 0, but NaN for an infinity and for NaN. */
    final void zeroUnlessFinite(Vec destination, Vec value) {
        code.emit(VSUBPS, destination, value, value);
    }

    /**
     * Stores each lane, a 32-bit integer, as an unsigned byte with saturation; {@code value} and
     * {@code scratch} are overwritten.
     */
    abstract void storeBytes(Mem to, Vec value, Vec scratch);
}
