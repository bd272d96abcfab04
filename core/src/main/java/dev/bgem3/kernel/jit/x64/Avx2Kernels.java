package dev.bgem3.kernel.jit.x64;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.HostAttention;
import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.Int8Policy;
import dev.bgem3.kernel.LinearFinish;
import dev.bgem3.kernel.jit.AssembledKernels;
import dev.bgem3.kernel.jit.PackedPanels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Kernels for processors with AVX2 but without AVX-512. Their products have the same bits as those of
 * {@link Avx512Kernels}.
 */
final class Avx2Kernels extends AssembledKernels {
    private final Avx2Code code;
    private final Avx2Attention attention;
    private final Avx2Product.Scratch[] scratches;
    private final MemorySegment[] normBlocks;

    Avx2Kernels(Arithmetic arithmetic, int threads) {
        Avx2Code assembled = Avx2Code.of(arithmetic);
        Avx2Product.Scratch[] ofProducts = new Avx2Product.Scratch[threads];
        MemorySegment[] ofNorms = new MemorySegment[threads];
        Arena arena = Arena.ofAuto();
        for (int i = 0; i < threads; i++) {
            ofProducts[i] = new Avx2Product.Scratch();
            ofNorms[i] = arena.allocate(NormKernel.blockBytes(Vectors.AVX2), 64);
        }
        code = assembled;
        attention = new Avx2Attention(assembled, threads);
        scratches = ofProducts;
        normBlocks = ofNorms;
        super("AVX2", arithmetic, Int8Policy.precise(arithmetic, InstructionSet.AVX2.arithmetics()), threads,
                Avx2TileKernel.PANEL, Avx2VectorCode.BYTES);
    }

    @Override
    protected void normalize(long firstRow, int rowCount, PaddedNorm norm, int worker) {
        NormKernel.fill(Vectors.AVX2, normBlocks[worker], firstRow, rowCount, norm.size(),
                norm.gamma().address(), norm.beta().address(), norm.epsilon());
        code.layerNorm.call(normBlocks[worker]);
    }

    @Override
    protected void product(HostTensor out, HostTensor in, Linear layer, LinearFinish finish,
            HostTensor residual) {
        Avx2Product.run(team, code, scratches, out, in, (PackedPanels) layer, finish, residual);
    }

    @Override
    protected HostAttention.Work attention() {
        return attention;
    }
}
