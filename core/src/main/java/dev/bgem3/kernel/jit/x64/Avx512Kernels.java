package dev.bgem3.kernel.jit.x64;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.HostAttention;
import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.HostWorkspace;
import dev.bgem3.kernel.Int8Policy;
import dev.bgem3.kernel.LinearFinish;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import dev.bgem3.kernel.jit.AssembledKernels;
import dev.bgem3.kernel.jit.PackedPanels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Kernels in AVX-512. In fp32, sums are chains of fused multiply-adds in ascending order of the index, so the
 * error of a product is at most {@code K · 2⁻²⁴ · Σ|in·weight|}. In bf16 each operand is first rounded to
 * nearest, with a relative error of at most 2⁻⁸; in int8 with an error of at most half the scale of its row
 * or column, and sums are exact for K up to 66,000.
 */
final class Avx512Kernels extends AssembledKernels {
    private final Avx512Code code;
    private final Avx512Attention attention;
    private final HostWorkspace operands;
    private final Avx512Product.Scratch[] scratches;
    private final MemorySegment[] normBlocks;

    Avx512Kernels(Arithmetic arithmetic, int threads) {
        Avx512Code assembled = Avx512Code.of(arithmetic);
        Avx512Product.Scratch[] ofProducts = new Avx512Product.Scratch[threads];
        MemorySegment[] ofNorms = new MemorySegment[threads];
        Arena arena = Arena.ofAuto();
        for (int i = 0; i < threads; i++) {
            ofProducts[i] = new Avx512Product.Scratch();
            ofNorms[i] = arena.allocate(NormKernel.blockBytes(Vectors.AVX512), 64);
        }
        code = assembled;
        attention = new Avx512Attention(assembled, threads);
        operands = new HostWorkspace();
        scratches = ofProducts;
        normBlocks = ofNorms;
        super("AVX-512", arithmetic, Int8Policy.precise(arithmetic, InstructionSet.AVX512.arithmetics()),
                threads, Avx512TileKernel.PANEL, Avx512VectorCode.BYTES);
    }

    @Override
    public Workspace newWorkspace() {
        return new HostWorkspace(code.bf16Attention);
    }

    @Override
    protected void normalize(long firstRow, int rowCount, PaddedNorm norm, int worker) {
        NormKernel.fill(Vectors.AVX512, normBlocks[worker], firstRow, rowCount, norm.size(),
                norm.gamma().address(), norm.beta().address(), norm.epsilon());
        code.layerNorm.call(normBlocks[worker]);
    }

    @Override
    protected HostTensor tensor(Tensor tensor) {
        return HostTensor.ofAny(tensor);
    }

    @Override
    protected void product(HostTensor out, HostTensor in, Linear layer, LinearFinish finish,
            HostTensor residual) {
        Avx512Product.run(team, code, scratches, operands, out, in, (PackedPanels) layer, finish, residual);
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
