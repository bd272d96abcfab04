package dev.bgem3.kernel.jit;

import dev.bgem3.asm.CodeUnavailableException;
import dev.bgem3.asm.CpuFeature;
import dev.bgem3.asm.CpuFeatures;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.Kernels;
import java.util.Optional;

/** Offers {@link JitKernels} where assembled code may run and the processor has AVX-512. */
public final class JitProvider implements KernelProvider {
    /** For {@link java.util.ServiceLoader}. */
    public JitProvider() {}

    @Override
    public String name() {
        return "jit";
    }

    @Override
    public int rank() {
        return 20;
    }

    @Override
    public Optional<String> unavailable() {
        try {
            CpuFeatures features = CpuFeatures.ofThisMachine();
            if (!features.has(CpuFeature.AVX512F, CpuFeature.AVX512DQ, CpuFeature.AVX512VL,
                    CpuFeature.AVX512BW)) {
                return Optional.of(
                        "the processor is " + features + " (expected: avx512f avx512dq avx512vl avx512bw)");
            }
            return SelfTest.failure();
        } catch (CodeUnavailableException denied) {
            return Optional.of(denied.getMessage());
        }
    }

    @Override
    public Kernels open(int threads) {
        return new JitKernels(threads);
    }
}
