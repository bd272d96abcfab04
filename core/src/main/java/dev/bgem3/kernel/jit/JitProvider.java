package dev.bgem3.kernel.jit;

import dev.bgem3.asm.CodeUnavailableException;
import dev.bgem3.asm.x64.CpuFeatures;
import dev.bgem3.error.BackendException;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.Kernels;
import java.util.Optional;
import java.util.Set;

/**
 * Offers {@link JitKernels} where assembled code may run and the processor has AVX-512, {@link Avx2Kernels} where it has AVX2; the
 * system property {@value InstructionSet#PROPERTY} forces either.
 */
public final class JitProvider implements KernelProvider {
    /** For {@link java.util.ServiceLoader}. */
    public JitProvider() {}

    @Override
    public String name() {
        return "jit";
    }

    /**
     * Above the others where AVX-512 code may run without a warning of Java's. Without {@code --enable-native-access}, and on AVX2, where
     * they are not faster at every size, fp32 is the others' unless these are named; bf16 and int8 are these kernels' alone.
     *
     * @throws BackendException
     *             where {@value InstructionSet#PROPERTY} names none, which would else be passed over
     */
    @Override
    public int rank() {
        return JitProvider.class.getModule().isNativeAccessEnabled() && isAvx512() ? 20 : -10;
    }

    private static boolean isAvx512() {
        try {
            return InstructionSet.of(CpuFeatures.ofThisMachine()).filter(InstructionSet.AVX512::equals)
                    .isPresent();
        } catch (CodeUnavailableException denied) {
            return false;
        }
    }

    @Override
    public Optional<String> unavailable() {
        try {
            CpuFeatures features = CpuFeatures.ofThisMachine();
            Optional<InstructionSet> set = InstructionSet.of(features);
            return set.isPresent()
                    ? Optional.empty()
                    : Optional.of("the processor is " + features + " (expected: " + InstructionSet.expected()
                            + InstructionSet.forced() + ")");
        } catch (CodeUnavailableException denied) {
            return Optional.of(denied.getMessage());
        }
    }

    @Override
    public Optional<String> unavailable(Arithmetic arithmetic) {
        try {
            return SelfTest.failure(instructionSet(), arithmetic);
        } catch (CodeUnavailableException | BackendException denied) {
            return Optional.of(denied.getMessage());
        }
    }

    @Override
    public Set<Arithmetic> arithmetics() {
        return instructionSet().arithmetics(CpuFeatures.ofThisMachine());
    }

    @Override
    public Kernels open(Arithmetic arithmetic, int threads, int device) {
        return instructionSet().open(arithmetic, threads);
    }

    private static InstructionSet instructionSet() {
        return InstructionSet.of(CpuFeatures.ofThisMachine()).orElseThrow();
    }
}
