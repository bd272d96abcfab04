package dev.bgem3.kernel.jit.x64;

import static dev.bgem3.asm.x64.VectorOp.VADDPS;
import static dev.bgem3.asm.x64.VectorOp.VBROADCASTSS;
import static dev.bgem3.asm.x64.VectorOp.VDIVPS;
import static dev.bgem3.asm.x64.VectorOp.VFMADD213PS;
import static dev.bgem3.asm.x64.VectorOp.VFMADD231PS;
import static dev.bgem3.asm.x64.VectorOp.VMOVUPS;
import static dev.bgem3.asm.x64.VectorOp.VMULPS;
import static dev.bgem3.asm.x64.VectorOp.VSQRTPS;
import static dev.bgem3.asm.x64.VectorOp.VSUBPS;

import dev.bgem3.asm.x64.Abi;
import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.x64.Gpr;
import dev.bgem3.asm.x64.Mem;
import dev.bgem3.asm.x64.Vec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Layer norm of rows, each in two passes (Ba et al. 2016), for either vector width. */
final class NormKernel {
    // The argument block.
    private static final int ROW_FIELD = 0;
    private static final int FULL_FIELD = 8; // vectors before the last
    private static final int GAMMA_FIELD = 16;
    private static final int BETA_FIELD = 24;
    private static final int LENGTH_FIELD = 32; // fp32
    private static final int EPSILON_FIELD = 36; // fp32
    private static final int ROWS_FIELD = 40;
    private static final int STRIDE_FIELD = 48; // bytes between rows
    private static final int MASK_FIELD = 56; // lanes of the last vector

    private static final Gpr ROW = Gpr.R8;
    private static final Gpr FULL = Gpr.R9;
    private static final Gpr COUNT = Gpr.R10;
    private static final Gpr AT = Gpr.R11;
    private static final Gpr GAMMA = Gpr.RAX;
    private static final Gpr BETA = Gpr.RDX;
    private static final Gpr ROWS = Gpr.RBX;

    private final Vectors vectors;
    private final Assembler code;
    private final VectorCode math;
    private final Gpr block;
    private final Vec sum;
    private final Vec mean;
    private final Vec scale;
    private final Vec x;
    private final Vec other;
    private final Vec length;
    private final Vec epsilon;

    private NormKernel(Vectors vectors, Assembler code, Gpr block) {
        this.vectors = vectors;
        this.code = code;
        this.block = block;
        math = vectors.code(code);
        sum = vectors.register(0);
        mean = vectors.register(1);
        scale = vectors.register(2);
        x = vectors.register(3);
        other = vectors.register(4);
        length = vectors.register(5);
        epsilon = vectors.register(6);
    }

    /** Returns the size of an argument block. */
    static int blockBytes(Vectors vectors) {
        return MASK_FIELD + vectors.maskBytes();
    }

    /** Sets all fields; {@code rows} is at least 1. */
    static void fill(Vectors vectors, MemorySegment block, long row, int rows, int length, long gamma,
            long beta, float epsilon) {
        int full = (length - 1) / vectors.lanes;
        block.set(ValueLayout.JAVA_LONG, ROW_FIELD, row);
        block.set(ValueLayout.JAVA_LONG, ROWS_FIELD, rows);
        block.set(ValueLayout.JAVA_LONG, STRIDE_FIELD, 4L * length);
        block.set(ValueLayout.JAVA_LONG, FULL_FIELD, full);
        block.set(ValueLayout.JAVA_LONG, GAMMA_FIELD, gamma);
        block.set(ValueLayout.JAVA_LONG, BETA_FIELD, beta);
        block.set(ValueLayout.JAVA_FLOAT, LENGTH_FIELD, length);
        block.set(ValueLayout.JAVA_FLOAT, EPSILON_FIELD, epsilon);
        vectors.fillMask(block, MASK_FIELD, length - full * vectors.lanes);
    }

    /** Computes {@code x = (x − mean) / √(variance + ε) · γ + β}. */
    static byte[] layerNorm(Vectors vectors, Abi abi) {
        return abi.function(code -> new NormKernel(vectors, code, abi.argument()).body());
    }

    private void body() {
        code.mov(ROW, Mem.at(block, ROW_FIELD));
        code.mov(ROWS, Mem.at(block, ROWS_FIELD));
        code.mov(FULL, Mem.at(block, FULL_FIELD));
        code.emit(VBROADCASTSS, length, Mem.at(block, LENGTH_FIELD));
        code.emit(VBROADCASTSS, epsilon, Mem.at(block, EPSILON_FIELD));
        math.loadLastMask(Mem.at(block, MASK_FIELD));
        Loops.count(code, ROWS, () -> {
            sum(() -> code.emit(VADDPS, sum, sum, x), () -> code.emit(VADDPS, sum, sum, x));
            code.emit(VDIVPS, mean, sum, length);
            sum(() -> {
                code.emit(VSUBPS, x, x, mean);
                code.emit(VFMADD231PS, sum, x, x);
            }, () -> {
                math.subtractInLast(x, mean);
                code.emit(VFMADD231PS, sum, x, x);
            });
            code.emit(VDIVPS, sum, sum, length);
            code.emit(VADDPS, sum, sum, epsilon);
            code.emit(VSQRTPS, sum, sum);
            math.load(scale, VectorCode.ONE);
            code.emit(VDIVPS, scale, scale, sum);
            replace();
            code.add(ROW, Mem.at(block, STRIDE_FIELD));
        });
    }

    /**
     * Sets sum to 0, runs {@code step} for each full vector in x and {@code last} for the last one, which has
     * zeros beyond the row, and then adds the lanes of sum.
     */
    private void sum(Runnable step, Runnable last) {
        math.zero(sum);
        Loops.overVectors(code, ROW, AT, FULL, COUNT, vectors.bytes, () -> {
            code.emit(VMOVUPS, x, Mem.at(AT));
            step.run();
        });
        math.loadLast(x, Mem.at(AT));
        last.run();
        math.sumOfLanes(sum, other);
    }

    private void replace() {
        code.mov(GAMMA, Mem.at(block, GAMMA_FIELD));
        code.mov(BETA, Mem.at(block, BETA_FIELD));
        Loops.overVectors(code, ROW, AT, FULL, COUNT, vectors.bytes, () -> {
            code.emit(VMOVUPS, x, Mem.at(AT));
            normalize();
            code.emit(VMOVUPS, Mem.at(AT), x);
            code.add(GAMMA, vectors.bytes);
            code.add(BETA, vectors.bytes);
        });
        math.loadLast(x, Mem.at(AT));
        normalize();
        math.storeLast(Mem.at(AT), x);
    }

    private void normalize() {
        code.emit(VSUBPS, x, x, mean);
        code.emit(VMULPS, x, x, scale);
        code.emit(VMOVUPS, other, Mem.at(GAMMA));
        code.emit(VFMADD213PS, x, other, Mem.at(BETA));
    }
}
