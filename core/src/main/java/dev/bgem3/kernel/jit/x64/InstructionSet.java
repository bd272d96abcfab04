package dev.bgem3.kernel.jit.x64;

import dev.bgem3.asm.x64.CpuFeature;
import dev.bgem3.asm.x64.CpuFeatures;
import dev.bgem3.error.BackendException;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.jit.KernelSet;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The vector instruction sets of x86-64 that kernels use, the best first. */
enum InstructionSet implements KernelSet {
    /** 32 registers of 512 bits, with masks. */
    AVX512(CpuFeature.AVX512F, CpuFeature.AVX512DQ, CpuFeature.AVX512VL, CpuFeature.AVX512BW) {
        @Override
        public boolean isFastest() {
            return true;
        }

        @Override
        public Kernels open(Arithmetic arithmetic, int threads) {
            return new Avx512Kernels(arithmetic, threads);
        }

        /**
         * Together these use every tile height: 23 = 12 + 8 + 2 + 1, 7 = 4 + 2 + 1, 31 = 12 + 12 + 4 + 2 + 1
         * and 28 = 12 + 8 + 8.
         */
        @Override
        public int[] selfTestRows() {
            return new int[]{31, 28, 23, 7};
        }

        @Override
        public int keysAtOnce() {
            return Avx512Attention.KEYS;
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

    /**
     * 16 registers of 256 bits; int8 only with AVX-VNNI, since the product of bytes in AVX2 itself
     * ({@code vpmaddubsw}) saturates.
     */
    AVX2(CpuFeature.AVX2, CpuFeature.FMA) {
        @Override
        public boolean isFastest() {
            return false;
        }

        @Override
        public Kernels open(Arithmetic arithmetic, int threads) {
            return new Avx2Kernels(arithmetic, threads);
        }

        /** Together these use tiles of 6 rows, and one of each height from 1 to 5. */
        @Override
        public int[] selfTestRows() {
            return new int[]{31, 28, 23, 9, 2};
        }

        @Override
        public int keysAtOnce() {
            return Avx2Attention.KEYS;
        }

        @Override
        Set<Arithmetic> arithmetics(CpuFeatures features) {
            return features.has(CpuFeature.AVX_VNNI)
                    ? EnumSet.of(Arithmetic.FP32, Arithmetic.INT8)
                    : EnumSet.of(Arithmetic.FP32);
        }
    };

    /**
     * The system property that forces a set, {@code avx512} or {@code avx2}; by default the best one is used.
     */
    static final String PROPERTY = "bgem3.jit.isa";

    private final List<CpuFeature> needs;

    InstructionSet(CpuFeature... needs) {
        this.needs = List.of(needs);
    }

    @Override
    public Set<Arithmetic> arithmetics() {
        return arithmetics(CpuFeatures.ofThisMachine());
    }

    /** Returns the arithmetics that a processor with these features has units for. */
    abstract Set<Arithmetic> arithmetics(CpuFeatures features);

    /**
     * Returns the best set that the processor has, or the one that {@value #PROPERTY} names, if it has that.
     */
    static Optional<InstructionSet> of(CpuFeatures features) {
        return of(features, System.getProperty(PROPERTY));
    }

    /**
     * Returns the set for a processor, see {@link #of(CpuFeatures)}.
     *
     * @param name
     *            the property's value, or null
     * @throws BackendException
     *             if there is no set of that name
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

    /** Describes the features that a processor must have for one of the sets. */
    static String expected() {
        return Arrays.stream(values())
                .map(set -> set.needs.stream().map(CpuFeature::toString).collect(Collectors.joining(" ")))
                .collect(Collectors.joining(", or "));
    }

    /** Returns an addition to {@link #expected()} if the property forces a set; otherwise empty. */
    static String forced() {
        String name = System.getProperty(PROPERTY);
        return name == null ? "" : "; " + PROPERTY + " asks for " + name;
    }

    /** Returns the name for the property. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
