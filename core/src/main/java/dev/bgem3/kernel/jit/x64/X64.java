package dev.bgem3.kernel.jit.x64;

import dev.bgem3.asm.CodeUnavailableException;
import dev.bgem3.asm.x64.CpuFeatures;
import dev.bgem3.kernel.jit.Architecture;
import dev.bgem3.kernel.jit.KernelSet;
import java.util.Optional;

/**
 * The x86-64 architecture: kernels in AVX-512 if the processor has it, otherwise in AVX2. The system property
 * {@value InstructionSet#PROPERTY} forces either.
 */
public final class X64 implements Architecture {
    /** Used by {@link java.util.ServiceLoader}. */
    public X64() {}

    @Override
    public KernelSet best() {
        CpuFeatures features = CpuFeatures.ofThisMachine();
        Optional<InstructionSet> set = InstructionSet.of(features);
        if (set.isEmpty()) {
            throw new CodeUnavailableException("the processor is " + features + " (expected: "
                    + InstructionSet.expected() + InstructionSet.forced() + ")");
        }
        return set.get();
    }
}
