package dev.bgem3.kernel.jit;

import dev.bgem3.asm.x64.CpuFeature;
import dev.bgem3.asm.x64.CpuFeatures;
import dev.bgem3.error.BackendException;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.Kernels;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Which of a processor's vector instructions code is made of, the best first. */
enum InstructionSet {
    /** 32 registers of 512 bits, with masks. */
    AVX512(CpuFeature.AVX512F, CpuFeature.AVX512DQ, CpuFeature.AVX512VL, CpuFeature.AVX512BW) {
        @Override
        Kernels open(Arithmetic arithmetic, int threads) {
            return new JitKernels(arithmetic, threads);
        }

        @Override
        Set<Arithmetic> arithmetics(CpuFeatures features) {
            EnumSet<Arithmetic> arithmetics = EnumSet.of(Arithmetic.FP32);
            if (features.has(CpuFeature.AVX512_BF16)) {
                arithmetics.add(Arithmetic.BF16);
            }
            if (features.has(CpuFeature.AVX512_VNNI)) {
                arithmetics.add(Arithmetic.INT8);
            }
            return arithmetics;
        }
    },

    /** 16 registers of 256 bits; int8 by AVX-VNNI alone, as AVX2's own product of bytes ({@code vpmaddubsw}) saturates. */
    AVX2(CpuFeature.AVX2, CpuFeature.FMA) {
        @Override
        Kernels open(Arithmetic arithmetic, int threads) {
            return new Avx2Kernels(arithmetic, threads);
        }

        @Override
        Set<Arithmetic> arithmetics(CpuFeatures features) {
            return features.has(CpuFeature.AVX_VNNI)
                    ? EnumSet.of(Arithmetic.FP32, Arithmetic.INT8)
                    : EnumSet.of(Arithmetic.FP32);
        }
    };

    /** The system property that names the one to use: {@code avx512} or {@code avx2}; else the best that the processor has. */
    static final String PROPERTY = "bgem3.jit.isa";

    private final List<CpuFeature> needs;

    InstructionSet(CpuFeature... needs) {
        this.needs = List.of(needs);
    }

    /** Kernels made of it. */
    abstract Kernels open(Arithmetic arithmetic, int threads);

    /** What it multiplies in on a processor that has it. */
    abstract Set<Arithmetic> arithmetics(CpuFeatures features);

    /** The best one that the processor has, or the one that {@value #PROPERTY} names if the processor has it. */
    static Optional<InstructionSet> of(CpuFeatures features) {
        return of(features, System.getProperty(PROPERTY));
    }

    /**
     * {@link #of(CpuFeatures)}.
     *
     * @param name
     *            the property's value, or null
     * @throws BackendException
     *             if there is none of that name
     */
    static Optional<InstructionSet> of(CpuFeatures features, String name) {
        if (name != null && Arrays.stream(values()).noneMatch(set -> set.label().equals(name))) {
            throw new BackendException(PROPERTY + ": " + name + " (expected: "
                    + Arrays.stream(values()).map(InstructionSet::label).collect(Collectors.joining(" or "))
                    + ")");
        }
        return Arrays.stream(values()).filter(set -> name == null || set.label().equals(name))
                .filter(set -> features.usable().containsAll(set.needs)).findFirst();
    }

    /** What a processor must have for one of them. */
    static String expected() {
        return Arrays.stream(values())
                .map(set -> set.needs.stream().map(CpuFeature::toString).collect(Collectors.joining(" ")))
                .collect(Collectors.joining(", or "));
    }

    /** What to add to that where the property asks for one of them; else nothing. */
    static String forced() {
        String name = System.getProperty(PROPERTY);
        return name == null ? "" : "; " + PROPERTY + " asks for " + name;
    }

    /** What the property calls it. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
