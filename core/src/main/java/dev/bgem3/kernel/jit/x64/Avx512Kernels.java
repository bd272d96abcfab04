package dev.bgem3.kernel.jit.x64;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.LinearFinish;
import dev.bgem3.kernel.HostAttention;
import dev.bgem3.kernel.HostKernels;
import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.HostWorkspace;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Shapes;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.Locale;

/**
 * Assembled AVX-512 code and a team of threads. In fp32, sums of fused multiply-adds in ascending order of the summed index, so
 * a product's error is at most {@code K · 2⁻²⁴ · Σ|in·weight|}; in bf16 each operand is rounded to nearest before, by at most
 * 2⁻⁸ of itself, and in int8 by at most half of its row's or column's step, the sums of those being exact for K up to 66,000.
 */
final class Avx512Kernels extends HostKernels {
    private record Avx512Norm(MemorySegment gamma, MemorySegment beta, float epsilon,
            int size) implements Norm {}

    private final Arithmetic arithmetic;
    private final Avx512Code code;
    private final Avx512Attention attention;
    private final HostWorkspace operands;
    private final Avx512Product.Scratch[] scratches;
    private final MemorySegment[] normBlocks;
    private final MemorySegment[] rows;

    Avx512Kernels(Arithmetic arithmetic, int threads) {
        Avx512Code assembled = Avx512Code.of(arithmetic);
        Avx512Product.Scratch[] ofProducts = new Avx512Product.Scratch[threads];
        MemorySegment[] ofNorms = new MemorySegment[threads];
        Arena arena = Arena.ofAuto();
        for (int i = 0; i < threads; i++) {
            ofProducts[i] = new Avx512Product.Scratch();
            ofNorms[i] = arena.allocate(Avx512NormKernel.BLOCK_BYTES, 64);
        }
        this.arithmetic = arithmetic;
        code = assembled;
        attention = new Avx512Attention(assembled, threads);
        operands = new HostWorkspace();
        scratches = ofProducts;
        normBlocks = ofNorms;
        rows = Collections.nCopies(threads, MemorySegment.NULL).toArray(MemorySegment[]::new);
        super(threads);
    }

    @Override
    public String description() {
        return "jit, AVX-512 code assembled at start, " + arithmetic.name().toLowerCase(Locale.ROOT)
                + " products";
    }

    @Override
    public Workspace newWorkspace() {
        return new HostWorkspace(code.bf16Attention);
    }

    @Override
    public Linear linear(MatrixSource weight, float[] bias) {
        Shapes.checkLength("linear", "bias", bias.length, weight.rows());
        return Avx512Product.pack(team, weights, arithmetic, arithmetic, weight, bias);
    }

    @Override
    public Linear preciseLinear(MatrixSource weight, float[] bias) {
        Shapes.checkLength("linear", "bias", bias.length, weight.rows());
        return Avx512Product.pack(team, weights, code.precise, arithmetic, weight, bias);
    }

    @Override
    public Norm norm(float[] gamma, float[] beta, float epsilon) {
        Shapes.checkLength("norm", "beta", beta.length, gamma.length);
        return new Avx512Norm(padded(gamma), padded(beta), epsilon, gamma.length);
    }

    /** A copy off the heap with zeros up to a whole vector. */
    private MemorySegment padded(float[] values) {
        long vectors = (values.length + Avx512VectorCode.LANES - 1) / Avx512VectorCode.LANES;
        MemorySegment copy = weights.allocate(vectors * Avx512VectorCode.BYTES, Avx512VectorCode.BYTES);
        MemorySegment.copy(values, 0, copy, HostTensor.FLOAT, 0, values.length);
        return copy;
    }

    @Override
    protected void normalizeRow(float[] row, Norm norm, int worker) {
        Avx512Norm layerNorm = (Avx512Norm) norm;
        MemorySegment x = rowOf(row, layerNorm.size, worker);
        layerNorm(x.address(), 1, layerNorm, worker);
        MemorySegment.copy(x, HostTensor.FLOAT, 0, row, 0, layerNorm.size);
    }

    @Override
    protected void normalizeRows(HostTensor x, Norm norm) {
        team.run(Math.ceilDiv(x.rows(), ROWS_PER_PIECE), (piece, worker) -> {
            int first = piece * ROWS_PER_PIECE;
            layerNorm(x.data().address() + x.offsetBytes(first), Math.min(ROWS_PER_PIECE, x.rows() - first),
                    (Avx512Norm) norm, worker);
        });
    }

    private void layerNorm(long firstRow, int rows, Avx512Norm norm, int worker) {
        Avx512NormKernel.fill(normBlocks[worker], firstRow, rows, 4L * norm.size, norm.size,
                norm.gamma.address(),
                norm.beta.address(), norm.epsilon);
        code.layerNorm.call(normBlocks[worker]);
    }

    /** The row in a worker's memory off the heap. */
    private MemorySegment rowOf(float[] row, int length, int worker) {
        if (rows[worker].byteSize() < 4L * length) {
            rows[worker] = Arena.ofAuto().allocate(4L * length, Avx512VectorCode.BYTES);
        }
        MemorySegment.copy(row, 0, rows[worker], HostTensor.FLOAT, 0, length);
        return rows[worker];
    }

    @Override
    protected HostTensor tensor(Tensor tensor) {
        return HostTensor.ofAny(tensor);
    }

    @Override
    protected void product(HostTensor out, HostTensor in, Linear layer, LinearFinish finish,
            HostTensor residual) {
        Avx512Product.run(team, code, scratches, operands, out, in, (Avx512Product.Packed) layer, finish,
                residual);
    }

    @Override
    protected HostAttention.Work attention() {
        return attention;
    }

    @Override
    protected void closeOwn() {
        operands.close();
    }
}
