package dev.bgem3.kernel.jit.x64;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.asm.CodeUnavailableException;
import dev.bgem3.asm.x64.CpuFeature;
import dev.bgem3.asm.x64.CpuFeatures;
import dev.bgem3.error.BackendException;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import dev.bgem3.kernel.jit.JitSelfTest;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class InstructionSetTest {
    private static final Set<CpuFeature> HASWELL = Set.of(CpuFeature.AVX2, CpuFeature.FMA);

    private static CpuFeatures with(Set<CpuFeature> base, CpuFeature... more) {
        HashSet<CpuFeature> all = new HashSet<>(base);
        all.addAll(Arrays.asList(more));
        return new CpuFeatures("test", all);
    }

    @Test
    void prefersTheWidestSetOfTheProcessor() {
        CpuFeatures skylakeX = with(HASWELL, CpuFeature.AVX512F, CpuFeature.AVX512DQ, CpuFeature.AVX512VL,
                CpuFeature.AVX512BW);
        assertThat(InstructionSet.of(skylakeX, null)).contains(InstructionSet.AVX512);
        assertThat(InstructionSet.of(with(HASWELL, CpuFeature.AVX512F), null)).contains(InstructionSet.AVX2);
        assertThat(InstructionSet.of(with(HASWELL), null)).contains(InstructionSet.AVX2);
        assertThat(InstructionSet.of(with(Set.of(CpuFeature.AVX2)), null)).isEmpty();
        assertThat(InstructionSet.of(skylakeX, "avx2")).contains(InstructionSet.AVX2);
        assertThat(InstructionSet.of(with(HASWELL), "avx512")).isEmpty();
    }

    @Test
    void rejectsUnknownNames() {
        assertThatThrownBy(() -> InstructionSet.of(with(HASWELL), "AVX2"))
                .isInstanceOf(BackendException.class)
                .hasMessage("bgem3.jit.isa: AVX2 (expected: avx512 or avx2)");
    }

    @Test
    void offersArithmeticsThatTheProcessorHasUnitsFor() {
        assertThat(InstructionSet.AVX2.arithmetics(with(HASWELL))).containsExactly(Arithmetic.FP32);
        assertThat(InstructionSet.AVX2.arithmetics(with(HASWELL, CpuFeature.AVX_VNNI)))
                .containsExactlyInAnyOrder(Arithmetic.FP32, Arithmetic.INT8);
        assertThat(InstructionSet.AVX512.arithmetics(with(HASWELL, CpuFeature.AVX512_BF16)))
                .containsExactlyInAnyOrder(Arithmetic.FP32, Arithmetic.BF16);
    }

    @ParameterizedTest
    @EnumSource
    void passesTheSelfTestInEveryArithmetic(InstructionSet set) {
        CpuFeatures cpu = null;
        try {
            cpu = CpuFeatures.ofThisMachine();
        } catch (CodeUnavailableException denied) {
            assumeTrue(false, denied.getMessage());
        }
        String found = cpu.toString();
        assumeTrue(InstructionSet.of(cpu, set.label()).isPresent(), () -> found + " lacks " + set);
        for (Arithmetic arithmetic : set.arithmetics(cpu)) {
            assertThat(JitSelfTest.failure(set, arithmetic)).as("%s", arithmetic).isEmpty();
        }
    }

    /**
     * Each sum is one chain, int8 sums are exact, and GELU in fp32 takes the same steps, so the vector width
     * does not change any bits. In int8 one set may compute GELU only as accurately as its next product
     * needs, so only sums are compared.
     */
    @ParameterizedTest
    @MethodSource
    void productsHaveTheSameBitsInBothSets(Arithmetic arithmetic) {
        CpuFeatures cpu = CpuFeatures.ofThisMachine();
        for (InstructionSet set : InstructionSet.values()) {
            assumeTrue(InstructionSet.of(cpu, set.label()).isPresent()
                    && set.arithmetics(cpu).contains(arithmetic), () -> cpu + " lacks " + set);
        }
        int m = 151;
        int n = 77;
        int k = 2051; // several slices of K, also with four int8 numbers in a word
        Random random = new Random(7);
        float[] in = random(random, m * k);
        float[] weight = random(random, n * k);
        float[] bias = random(random, n);
        assertThat(product(InstructionSet.AVX2, arithmetic, m, n, k, in, weight, bias))
                .isEqualTo(product(InstructionSet.AVX512, arithmetic, m, n, k, in, weight, bias));
    }

    static Stream<Arithmetic> productsHaveTheSameBitsInBothSets() {
        CpuFeatures all = new CpuFeatures("test", EnumSet.allOf(CpuFeature.class));
        return InstructionSet.AVX2.arithmetics(all).stream()
                .filter(InstructionSet.AVX512.arithmetics(all)::contains);
    }

    private static float[] random(Random random, int length) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextGaussian() * 0.2f;
        }
        return values;
    }

    private static float[] product(InstructionSet set, Arithmetic arithmetic, int m, int n, int k, float[] in,
            float[] weight, float[] bias) {
        try (Kernels kernels = set.open(arithmetic, 2); Workspace workspace = kernels.newWorkspace()) {
            Tensor left = workspace.tensor(m, k);
            Tensor out = workspace.tensor(m, n);
            kernels.write(left, in);
            Kernels.Linear layer = kernels.linear(MatrixSource.of(n, k, weight), bias);
            if (arithmetic == Arithmetic.FP32) {
                kernels.linearGelu(out, left, layer);
            } else {
                kernels.linear(out, left, layer);
            }
            float[] values = new float[m * n];
            kernels.read(values, 0, out, 0, m);
            return values;
        }
    }
}
