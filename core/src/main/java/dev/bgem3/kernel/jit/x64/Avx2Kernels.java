package dev.bgem3.kernel.jit.x64;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.LinearFinish;
import dev.bgem3.kernel.HostAttention;
import dev.bgem3.kernel.HostKernels;
import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Shapes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.Locale;

/** {@link Avx512Kernels} for processors with AVX2 and without AVX-512. */
final class Avx2Kernels extends HostKernels {
    private record Avx2Norm(MemorySegment gamma, MemorySegment beta, float epsilon,
            int size) implements Norm {}

    private final Arithmetic arithmetic;
    private final Avx2Code code;
    private final Avx2Attention attention;
    private final Avx2Product.Scratch[] scratches;
    private final MemorySegment[] normBlocks;
    private final MemorySegment[] rows;

    Avx2Kernels(Arithmetic arithmetic, int threads) {
        Avx2Code assembled = Avx2Code.of(arithmetic);
        Avx2Product.Scratch[] ofProducts = new Avx2Product.Scratch[threads];
        MemorySegment[] ofNorms = new MemorySegment[threads];
        Arena arena = Arena.ofAuto();
        for (int i = 0; i < threads; i++) {
            ofProducts[i] = new Avx2Product.Scratch();
            ofNorms[i] = arena.allocate(Avx2NormKernel.BLOCK_BYTES, 64);
        }
        this.arithmetic = arithmetic;
        code = assembled;
        attention = new Avx2Attention(assembled, threads);
        scratches = ofProducts;
        normBlocks = ofNorms;
        rows = Collections.nCopies(threads, MemorySegment.NULL).toArray(MemorySegment[]::new);
        super(threads);
    }

    @Override
    public String description() {
        return "jit, AVX2 code assembled at start, " + arithmetic.name().toLowerCase(Locale.ROOT)
                + " products";
    }

    @Override
    public Linear linear(MatrixSource weight, float[] bias) {
        Shapes.checkLength("linear", "bias", bias.length, weight.rows());
        return Avx2Product.pack(team, weights, arithmetic, arithmetic, weight, bias);
    }

    @Override
    public Linear preciseLinear(MatrixSource weight, float[] bias) {
        Shapes.checkLength("linear", "bias", bias.length, weight.rows());
        return Avx2Product.pack(team, weights, Arithmetic.FP32, arithmetic, weight, bias);
    }

    @Override
    public Norm norm(float[] gamma, float[] beta, float epsilon) {
        Shapes.checkLength("norm", "beta", beta.length, gamma.length);
        return new Avx2Norm(padded(gamma), padded(beta), epsilon, gamma.length);
    }

    private static long paddedBytes(int length) {
        return (length + Avx2VectorCode.LANES - 1) / Avx2VectorCode.LANES * (long) Avx2VectorCode.BYTES;
    }

    /** A copy off the heap with zeros up to a whole vector. */
    private MemorySegment padded(float[] values) {
        MemorySegment copy = weights.allocate(paddedBytes(values.length), Avx2VectorCode.BYTES);
        MemorySegment.copy(values, 0, copy, HostTensor.FLOAT, 0, values.length);
        return copy;
    }

    @Override
    protected void normalizeRow(float[] row, Norm norm, int worker) {
        Avx2Norm layerNorm = (Avx2Norm) norm;
        MemorySegment x = rowOf(row, layerNorm.size, worker);
        Avx2NormKernel.fill(normBlocks[worker], x, layerNorm.size, layerNorm.gamma.address(),
                layerNorm.beta.address(), layerNorm.epsilon);
        code.layerNorm.call(normBlocks[worker]);
        MemorySegment.copy(x, HostTensor.FLOAT, 0, row, 0, layerNorm.size);
    }

    /** The row in a worker's memory off the heap, with zeros up to a whole vector. */
    private MemorySegment rowOf(float[] row, int length, int worker) {
        long bytes = paddedBytes(length);
        if (rows[worker].byteSize() < bytes) {
            rows[worker] = Arena.ofAuto().allocate(bytes, Avx2VectorCode.BYTES);
        }
        MemorySegment memory = rows[worker];
        MemorySegment.copy(row, 0, memory, HostTensor.FLOAT, 0, length);
        for (long at = 4L * length; at < bytes; at += Float.BYTES) {
            memory.set(HostTensor.FLOAT, at, 0);
        }
        return memory;
    }

    @Override
    protected void product(HostTensor out, HostTensor in, Linear layer, LinearFinish finish,
            HostTensor residual) {
        Avx2Product.run(team, code, scratches, out, in, (Avx2Product.Packed) layer, finish, residual);
    }

    @Override
    protected HostAttention.Work attention() {
        return attention;
    }
}
