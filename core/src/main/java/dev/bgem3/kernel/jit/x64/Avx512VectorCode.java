package dev.bgem3.kernel.jit.x64;

import static dev.bgem3.asm.x64.VectorOp.KMOVW;
import static dev.bgem3.asm.x64.VectorOp.VBROADCASTSS;
import static dev.bgem3.asm.x64.VectorOp.VCMPPS;
import static dev.bgem3.asm.x64.VectorOp.VFMADD213PS;
import static dev.bgem3.asm.x64.VectorOp.VMAXPS;
import static dev.bgem3.asm.x64.VectorOp.VMINPS;
import static dev.bgem3.asm.x64.VectorOp.VMOVDQU16;
import static dev.bgem3.asm.x64.VectorOp.VMOVUPS;
import static dev.bgem3.asm.x64.VectorOp.VMULPS;
import static dev.bgem3.asm.x64.VectorOp.VPADDD;
import static dev.bgem3.asm.x64.VectorOp.VPANDD;
import static dev.bgem3.asm.x64.VectorOp.VPMOVUSDB;
import static dev.bgem3.asm.x64.VectorOp.VPMOVZXWD;
import static dev.bgem3.asm.x64.VectorOp.VPSLLD;
import static dev.bgem3.asm.x64.VectorOp.VPSRLD;
import static dev.bgem3.asm.x64.VectorOp.VPXORD;
import static dev.bgem3.asm.x64.VectorOp.VRNDSCALEPS;
import static dev.bgem3.asm.x64.VectorOp.VSCALEFPS;
import static dev.bgem3.asm.x64.VectorOp.VSHUFF32X4;
import static dev.bgem3.asm.x64.VectorOp.VSUBPS;

import dev.bgem3.asm.Label;
import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.x64.Mask;
import dev.bgem3.asm.x64.Mem;
import dev.bgem3.asm.x64.Operand;
import dev.bgem3.asm.x64.Register;
import dev.bgem3.asm.x64.Vec;
import dev.bgem3.asm.x64.VectorOp;

/** {@link VectorCode} in AVX-512, with shorter functions for results that are rounded to bf16 or int8. */
final class Avx512VectorCode extends VectorCode {
    /** The number of fp32 lanes in a register. */
    static final int LANES = 16;
    /** The size of a register in bytes. */
    static final int BYTES = 64;

    private static final Mask LAST = new Mask(1);

    private final Label constants;

    Avx512VectorCode(Assembler code) {
        super(code);
        constants = code.constant(CONSTANTS);
    }

    /** A mask of the first {@code lanes} lanes of a vector; of none or all where there are fewer or more. */
    static int maskOf(int lanes) {
        return lanes <= 0 ? 0 : lanes >= LANES ? 0xFFFF : (1 << lanes) - 1;
    }

    @Override
    Mem constant(int index) {
        return Mem.at(constants).plus(4 * index).broadcasting();
    }

    @Override
    void load(Vec destination, int index) {
        code.emit(VBROADCASTSS, destination, Mem.at(constants).plus(4 * index));
    }

    @Override
    void zero(Vec destination) {
        code.emit(VPXORD, destination, destination, destination);
    }

    @Override
    void and(Vec destination, Vec left, Operand right) {
        code.emit(VPANDD, destination, left, right);
    }

    @Override
    void negate(Vec value) {
        code.emit(VPXORD, value, value, constant(SIGN));
    }

    @Override
    void compare(Register mask, Vec value, int constant, int predicate) {
        code.emit(VCMPPS, mask, value, constant(constant), predicate);
    }

    @Override
    Vec wholePart(Vec rounded, Vec scratch) {
        code.emit(VSUBPS, rounded, rounded, constant(ROUNDER));
        return rounded;
    }

    @Override
    void timesPowerOfTwo(Vec x, Vec p, Vec s, Register kept) {
        code.emit(VSCALEFPS, x.zeroed((Mask) kept), p, s);
    }

    @Override
    void oneMinus(Vec value, Vec one, Register mask) {
        code.emit(VSUBPS, value.masked((Mask) mask), one, value);
    }

    /**
     * Computes {@code x = 2ˣ} for x ≤ 0, with a relative error of at most 8·10⁻⁵: a twentieth of that of
     * rounding to bf16, with a third of the multiply-adds of {@link #exp}. 0 below −126, NaN for NaN.
     *
     * @param n
     *            scratch
     * @param p
     *            scratch
     * @param kept
     *            scratch
     */
    void shortPowerOfTwo(Vec x, Vec n, Vec p, Mask kept) {
        code.emit(VCMPPS, kept, x, constant(MIN_POWER), NOT_LESS_THAN);
        code.emit(VRNDSCALEPS, n, x, 0); // to the nearest integer
        code.emit(VSUBPS, x, x, n);
        load(p, P3);
        for (int coefficient = P3 - 1; coefficient >= P0; coefficient--) {
            code.emit(VFMADD213PS, p, x, constant(coefficient));
        }
        code.emit(VSCALEFPS, x.zeroed(kept), p, n);
    }

    /**
     * Rounds the lanes of {@code even} and {@code odd} to bf16, to nearest, ties away from zero, and puts
     * them in the lower and upper halves of the lanes of {@code even}. {@code odd} is overwritten.
     *
     * @param upperHalves
     *            the upper halves of lanes, in 16-bit words
     */
    void pairsOfBf16(Vec even, Vec odd, Mask upperHalves) {
        code.emit(VPADDD, even, even, constant(HALF_OF_BF16));
        code.emit(VPADDD, odd, odd, constant(HALF_OF_BF16));
        code.emit(VPSRLD, even, even, 16);
        code.emit(VMOVDQU16, even.masked(upperHalves), odd);
    }

    /**
     * Computes {@code z = z·Φ(z)} with an error of at most 4·10⁻⁵ + 6·10⁻⁶·|z|, for numbers that are then
     * rounded to bf16 or int8, with half the instructions of {@link #gelu}. Φ is 1/2 plus an odd polynomial,
     * at least 0 and constant beyond ±4.25.
     */
    void shortGelu(Vec z, Vec x, Vec square, Vec p) {
        // If either operand of vminps or vmaxps is NaN, the result is the second one, so NaN stays NaN.
        load(x, S_LIMIT);
        code.emit(VMINPS, x, x, z);
        load(p, S_MINUS_LIMIT);
        code.emit(VMAXPS, x, p, x);
        code.emit(VMULPS, square, x, x);
        load(p, S8);
        for (int coefficient = S8 - 1; coefficient >= S0; coefficient--) {
            code.emit(VFMADD213PS, p, square, constant(coefficient));
        }
        code.emit(VFMADD213PS, p, x, constant(HALF)); // Φ(z)
        load(x, ZERO);
        code.emit(VMAXPS, p, x, p);
        code.emit(VMULPS, z, z, p);
    }

    @Override
    void reduceQuarters(VectorOp op, Vec value, Vec scratch) {
        code.emit(VSHUFF32X4, scratch, value, value, 0x4E);
        code.emit(op, value, value, scratch);
        code.emit(VSHUFF32X4, scratch, value, value, 0xB1);
        code.emit(op, value, value, scratch);
    }

    @Override
    void loadLastMask(Mem from) {
        code.emit(KMOVW, LAST, from);
    }

    @Override
    void loadLast(Vec destination, Mem from) {
        code.emit(VMOVUPS, destination.zeroed(LAST), from);
    }

    /** Loads bf16 numbers as fp32. */
    void loadBf16(Vec destination, Mem from) {
        code.emit(VPMOVZXWD, destination, from);
        code.emit(VPSLLD, destination, destination, 16);
    }

    /** Loads like {@link #loadLast}, from bf16. */
    void loadLastBf16(Vec destination, Mem from) {
        code.emit(VPMOVZXWD, destination.zeroed(LAST), from);
        code.emit(VPSLLD, destination, destination, 16);
    }

    /** Loads the row's last bf16 numbers without conversion, and 0 in the other lanes. */
    void copyLastBf16(Vec destination, Mem from) {
        code.emit(VMOVDQU16, destination.zeroed(LAST), from);
    }

    @Override
    void storeLast(Mem to, Vec source) {
        code.emit(VMOVUPS, to.masked(LAST), source);
    }

    @Override
    void subtractInLast(Vec value, Vec other) {
        code.emit(VSUBPS, value.zeroed(LAST), value, other);
    }

    @Override
    void storeBytes(Mem to, Vec value, Vec scratch) {
        code.emit(VPMOVUSDB, to, value);
    }
}
