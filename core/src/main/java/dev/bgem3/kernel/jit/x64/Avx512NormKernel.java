package dev.bgem3.kernel.jit.x64;

import static dev.bgem3.asm.x64.VectorOp.KMOVW;
import static dev.bgem3.asm.x64.VectorOp.VADDPS;
import static dev.bgem3.asm.x64.VectorOp.VDIVPS;
import static dev.bgem3.asm.x64.VectorOp.VFMADD213PS;
import static dev.bgem3.asm.x64.VectorOp.VFMADD231PS;
import static dev.bgem3.asm.x64.VectorOp.VMOVUPS;
import static dev.bgem3.asm.x64.VectorOp.VMULPS;
import static dev.bgem3.asm.x64.VectorOp.VPXORD;
import static dev.bgem3.asm.x64.VectorOp.VSQRTPS;
import static dev.bgem3.asm.x64.VectorOp.VSUBPS;

import dev.bgem3.asm.x64.Abi;
import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.x64.Gpr;
import dev.bgem3.asm.x64.Mask;
import dev.bgem3.asm.x64.Mem;
import dev.bgem3.asm.x64.Vec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Layer norm of rows, each in two passes (Ba et al. 2016). */
final class Avx512NormKernel {
    // The argument block.
    private static final int ROW_FIELD = 0;
    private static final int FULL_FIELD = 8; // vectors before the last
    private static final int GAMMA_FIELD = 16;
    private static final int BETA_FIELD = 24;
    private static final int LENGTH_FIELD = 32; // fp32
    private static final int EPSILON_FIELD = 36; // fp32
    private static final int MASK_FIELD = 40; // lanes of the last vector
    private static final int ROWS_FIELD = 48;
    private static final int STRIDE_FIELD = 56; // bytes from one row to the next
    static final int BLOCK_BYTES = 64;

    private static final Gpr ROW = Gpr.R8;
    private static final Gpr FULL = Gpr.R9;
    private static final Gpr COUNT = Gpr.R10;
    private static final Gpr AT = Gpr.R11;
    private static final Gpr GAMMA = Gpr.RAX;
    private static final Gpr BETA = Gpr.RDX;
    private static final Gpr ROWS = Gpr.RBX;
    private static final Mask LAST = new Mask(1);

    private static final Vec SUM = Vec.zmm(0);
    private static final Vec MEAN = Vec.zmm(1);
    private static final Vec SCALE = Vec.zmm(2);
    private static final Vec X = Vec.zmm(3);
    private static final Vec OTHER = Vec.zmm(4);

    private Avx512NormKernel() {}

    /** Sets all fields; {@code rows} is at least 1. */
    static void fill(MemorySegment block, long row, int rows, long strideBytes, int length, long gamma,
            long beta,
            float epsilon) {
        int full = (length - 1) / Avx512VectorCode.LANES;
        block.set(ValueLayout.JAVA_LONG, ROW_FIELD, row);
        block.set(ValueLayout.JAVA_LONG, ROWS_FIELD, rows);
        block.set(ValueLayout.JAVA_LONG, STRIDE_FIELD, strideBytes);
        block.set(ValueLayout.JAVA_LONG, FULL_FIELD, full);
        block.set(ValueLayout.JAVA_LONG, GAMMA_FIELD, gamma);
        block.set(ValueLayout.JAVA_LONG, BETA_FIELD, beta);
        block.set(ValueLayout.JAVA_FLOAT, LENGTH_FIELD, length);
        block.set(ValueLayout.JAVA_FLOAT, EPSILON_FIELD, epsilon);
        block.set(ValueLayout.JAVA_INT, MASK_FIELD,
                Avx512TileKernel.maskOf(length - full * Avx512VectorCode.LANES));
    }

    /** {@code x = (x − mean) / √(variance + ε) · γ + β}. */
    static byte[] layerNorm(Abi abi) {
        return abi.function(code -> {
            Avx512VectorCode math = start(code, abi);
            Mem length = Mem.at(abi.argument(), LENGTH_FIELD).broadcasting();
            Mem epsilon = Mem.at(abi.argument(), EPSILON_FIELD).broadcasting();
            Loops.count(code, ROWS, () -> {
                sum(code, () -> code.emit(VADDPS, SUM, SUM, X));
                math.sumOfLanes(SUM, OTHER);
                code.emit(VDIVPS, MEAN, SUM, length);
                sum(code, () -> {
                    code.emit(VSUBPS, X, X, MEAN);
                    code.emit(VFMADD231PS, SUM, X, X);
                }, () -> {
                    code.emit(VSUBPS, X.zeroed(LAST), X, MEAN);
                    code.emit(VFMADD231PS, SUM, X, X);
                });
                math.sumOfLanes(SUM, OTHER);
                code.emit(VDIVPS, SUM, SUM, length);
                code.emit(VADDPS, SUM, SUM, epsilon);
                code.emit(VSQRTPS, SUM, SUM);
                math.one(SCALE);
                code.emit(VDIVPS, SCALE, SCALE, SUM);
                code.mov(GAMMA, Mem.at(abi.argument(), GAMMA_FIELD));
                code.mov(BETA, Mem.at(abi.argument(), BETA_FIELD));
                replace(code, () -> {
                    code.emit(VSUBPS, X, X, MEAN);
                    code.emit(VMULPS, X, X, SCALE);
                    code.emit(VMOVUPS, OTHER, Mem.at(GAMMA));
                    code.emit(VFMADD213PS, X, OTHER, Mem.at(BETA));
                    code.add(GAMMA, Avx512VectorCode.BYTES);
                    code.add(BETA, Avx512VectorCode.BYTES);
                });
                code.add(ROW, Mem.at(abi.argument(), STRIDE_FIELD));
            });
        });
    }

    private static Avx512VectorCode start(Assembler code, Abi abi) {
        code.mov(ROW, Mem.at(abi.argument(), ROW_FIELD));
        code.mov(ROWS, Mem.at(abi.argument(), ROWS_FIELD));
        code.mov(FULL, Mem.at(abi.argument(), FULL_FIELD));
        code.emit(KMOVW, LAST, Mem.at(abi.argument(), MASK_FIELD));
        return new Avx512VectorCode(code);
    }

    private static void sum(Assembler code, Runnable step) {
        sum(code, step, step);
    }

    /** SUM = 0, then {@code step} for each full vector in X and {@code last} for the last one, zeros beyond the row. */
    private static void sum(Assembler code, Runnable step, Runnable last) {
        code.emit(VPXORD, SUM, SUM, SUM);
        Loops.overVectors(code, ROW, AT, FULL, COUNT, Avx512VectorCode.BYTES, () -> {
            code.emit(VMOVUPS, X, Mem.at(AT));
            step.run();
        });
        code.emit(VMOVUPS, X.zeroed(LAST), Mem.at(AT));
        last.run();
    }

    /** Each vector of the row = what {@code step} makes of X. */
    private static void replace(Assembler code, Runnable step) {
        Loops.overVectors(code, ROW, AT, FULL, COUNT, Avx512VectorCode.BYTES, () -> {
            code.emit(VMOVUPS, X, Mem.at(AT));
            step.run();
            code.emit(VMOVUPS, Mem.at(AT), X);
        });
        code.emit(VMOVUPS, X.zeroed(LAST), Mem.at(AT));
        step.run();
        code.emit(VMOVUPS, Mem.at(AT).masked(LAST), X);
    }
}
