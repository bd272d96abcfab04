package dev.bgem3.kernel.jit.x64;

import static dev.bgem3.asm.x64.VectorOp.VADDPS;
import static dev.bgem3.asm.x64.VectorOp.VANDPS;
import static dev.bgem3.asm.x64.VectorOp.VBROADCASTSS;
import static dev.bgem3.asm.x64.VectorOp.VDIVPS;
import static dev.bgem3.asm.x64.VectorOp.VFMADD213PS;
import static dev.bgem3.asm.x64.VectorOp.VFMADD231PS;
import static dev.bgem3.asm.x64.VectorOp.VMOVUPS;
import static dev.bgem3.asm.x64.VectorOp.VMULPS;
import static dev.bgem3.asm.x64.VectorOp.VSQRTPS;
import static dev.bgem3.asm.x64.VectorOp.VSUBPS;

import dev.bgem3.asm.x64.Abi;
import dev.bgem3.asm.x64.Gpr;
import dev.bgem3.asm.x64.Mem;
import dev.bgem3.asm.x64.Vec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** {@link Avx512NormKernel} in AVX2; the row is padded to whole vectors with zeros, and loses them. */
final class Avx2NormKernel {
    // The argument block.
    private static final int ROW_FIELD = 0;
    private static final int FULL_FIELD = 8; // vectors before the last
    private static final int GAMMA_FIELD = 16;
    private static final int BETA_FIELD = 24;
    private static final int LENGTH_FIELD = 32; // fp32
    private static final int EPSILON_FIELD = 36; // fp32
    private static final int MASK_FIELD = 40; // lanes of the last vector, 32 bits each
    static final int BLOCK_BYTES = MASK_FIELD + Avx2VectorCode.BYTES;

    private static final Gpr ROW = Gpr.R8;
    private static final Gpr FULL = Gpr.R9;
    private static final Gpr COUNT = Gpr.R10;
    private static final Gpr AT = Gpr.R11;
    private static final Gpr GAMMA = Gpr.RAX;
    private static final Gpr BETA = Gpr.RDX;

    private static final Vec SUM = Vec.ymm(0);
    private static final Vec MEAN = Vec.ymm(1);
    private static final Vec SCALE = Vec.ymm(2);
    private static final Vec X = Vec.ymm(3);
    private static final Vec OTHER = Vec.ymm(4);
    private static final Vec LENGTH = Vec.ymm(5);

    private Avx2NormKernel() {}

    /** Sets all fields. */
    static void fill(MemorySegment block, MemorySegment row, int length, long gamma, long beta,
            float epsilon) {
        int full = (length - 1) / Avx2VectorCode.LANES;
        block.set(ValueLayout.ADDRESS, ROW_FIELD, row);
        block.set(ValueLayout.JAVA_LONG, FULL_FIELD, full);
        block.set(ValueLayout.JAVA_LONG, GAMMA_FIELD, gamma);
        block.set(ValueLayout.JAVA_LONG, BETA_FIELD, beta);
        block.set(ValueLayout.JAVA_FLOAT, LENGTH_FIELD, length);
        block.set(ValueLayout.JAVA_FLOAT, EPSILON_FIELD, epsilon);
        Avx2VectorCode.fillMask(block, MASK_FIELD, length - full * Avx2VectorCode.LANES);
    }

    /** {@code x = (x − mean) / √(variance + ε) · γ + β}. */
    static byte[] layerNorm(Abi abi) {
        return abi.function(code -> {
            Avx2VectorCode math = new Avx2VectorCode(code);
            code.mov(ROW, Mem.at(abi.argument(), ROW_FIELD));
            code.mov(FULL, Mem.at(abi.argument(), FULL_FIELD));
            code.emit(VBROADCASTSS, LENGTH, Mem.at(abi.argument(), LENGTH_FIELD));
            math.zero(SUM);
            Loops.overVectors(code, ROW, AT, FULL, COUNT, Avx2VectorCode.BYTES,
                    () -> code.emit(VADDPS, SUM, SUM, Mem.at(AT)));
            code.emit(VADDPS, SUM, SUM, Mem.at(AT));
            math.sumOfLanes(SUM, OTHER);
            code.emit(VDIVPS, MEAN, SUM, LENGTH);

            math.zero(SUM);
            Loops.overVectors(code, ROW, AT, FULL, COUNT, Avx2VectorCode.BYTES, () -> {
                code.emit(VMOVUPS, X, Mem.at(AT));
                code.emit(VSUBPS, X, X, MEAN);
                code.emit(VFMADD231PS, SUM, X, X);
            });
            code.emit(VMOVUPS, X, Mem.at(AT));
            code.emit(VSUBPS, X, X, MEAN);
            code.emit(VANDPS, X, X, Mem.at(abi.argument(), MASK_FIELD));
            code.emit(VFMADD231PS, SUM, X, X);
            math.sumOfLanes(SUM, OTHER);
            code.emit(VDIVPS, SUM, SUM, LENGTH);
            code.emit(VBROADCASTSS, OTHER, Mem.at(abi.argument(), EPSILON_FIELD));
            code.emit(VADDPS, SUM, SUM, OTHER);
            code.emit(VSQRTPS, SUM, SUM);
            math.load(SCALE, Avx512VectorCode.ONE);
            code.emit(VDIVPS, SCALE, SCALE, SUM);

            code.mov(GAMMA, Mem.at(abi.argument(), GAMMA_FIELD));
            code.mov(BETA, Mem.at(abi.argument(), BETA_FIELD));
            code.inc(FULL);
            Loops.overVectors(code, ROW, AT, FULL, COUNT, Avx2VectorCode.BYTES, () -> {
                code.emit(VMOVUPS, X, Mem.at(AT));
                code.emit(VSUBPS, X, X, MEAN);
                code.emit(VMULPS, X, X, SCALE);
                code.emit(VMOVUPS, OTHER, Mem.at(GAMMA));
                code.emit(VFMADD213PS, X, OTHER, Mem.at(BETA));
                code.emit(VMOVUPS, Mem.at(AT), X);
                code.add(GAMMA, Avx2VectorCode.BYTES);
                code.add(BETA, Avx2VectorCode.BYTES);
            });
        });
    }
}
