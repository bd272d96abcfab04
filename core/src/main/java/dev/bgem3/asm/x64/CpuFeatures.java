package dev.bgem3.asm.x64;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.bgem3.asm.Code;
import dev.bgem3.asm.CodeUnavailableException;
import dev.bgem3.asm.ExecutableMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The features that this machine's processor has and its operating system enables, found by executing
 * {@code cpuid} and {@code xgetbv}.
 *
 * @param brand
 *            the processor's name for itself
 * @param usable
 *            the extensions that programs may use
 */
public record CpuFeatures(String brand, Set<CpuFeature> usable) {
    /** Copies the set. */
    public CpuFeatures {
        usable = Set.copyOf(usable);
    }

    private static final int OSXSAVE_BIT = 27; // leaf 1, ecx: xgetbv is available
    private static final int HIGHEST_EXTENDED_LEAF = 0x8000_0000;
    private static final int BRAND_LEAF = 0x8000_0002; // and the two after it

    /**
     * The argument block of both functions: two numbers in (leaf, sub-leaf), four out (eax, ebx, ecx, edx).
     */
    private static final int BLOCK_BYTES = 24;
    private static final int ANSWER_OFFSET_BYTES = 8;

    /** The cached result; null until the first call. */
    private static volatile CpuFeatures answer;

    /**
     * Returns the features of this machine's processor, which the first call queries.
     *
     * @throws CodeUnavailableException
     *             if assembled code cannot run here; the message says why
     */
    public static CpuFeatures ofThisMachine() {
        if (answer == null) {
            answer = ask();
        }
        return answer;
    }

    private static CpuFeatures ask() {
        try (Arena arena = Arena.ofConfined()) {
            Abi abi = Abi.ofThisMachine();
            Code cpuid = ExecutableMemory.load(arena, "cpuid", abi.function(code -> query(code, abi, true)));
            Code xgetbv = ExecutableMemory.load(arena, "xgetbv",
                    abi.function(code -> query(code, abi, false)));
            MemorySegment block = arena.allocate(BLOCK_BYTES, 8);
            int highestLeaf = ask(cpuid, block, 0, 0)[0];
            boolean xsave = (ask(cpuid, block, 1, 0)[CpuFeature.Answer.ECX.ordinal()] >> OSXSAVE_BIT
                    & 1) == 1;
            int xcr0 = xsave ? ask(xgetbv, block, 0, 0)[0] : 0;
            EnumSet<CpuFeature> usable = EnumSet.noneOf(CpuFeature.class);
            for (CpuFeature feature : CpuFeature.values()) {
                // A processor without sub-leaf 1 returns zeros for it; beyond the highest leaf the result is
                // undefined.
                boolean present = feature.leaf <= highestLeaf && (ask(cpuid, block, feature.leaf,
                        feature.subleaf)[feature.register.ordinal()] >> feature.bit & 1) == 1;
                if (present && (xcr0 & feature.state.xcr0) == feature.state.xcr0) {
                    usable.add(feature);
                }
            }
            return new CpuFeatures(brand(cpuid, block), usable);
        }
    }

    /** Returns whether all these features are usable. */
    public boolean has(CpuFeature... features) {
        return usable.containsAll(Set.of(features));
    }

    /** Returns one line with the names that Linux uses: {@code AMD EPYC: fma avx2 avx512f}. */
    @Override
    public String toString() {
        return brand + usable.stream().sorted().map(CpuFeature::toString)
                .collect(Collectors.joining(" ", ": ", ""));
    }

    private static void query(Assembler code, Abi abi, boolean cpuid) {
        Gpr block = Gpr.R8; // unused by both instructions, volatile in both conventions
        code.mov(block, abi.argument());
        code.mov32(Gpr.RAX, Mem.at(block));
        code.mov32(Gpr.RCX, Mem.at(block, 4));
        if (cpuid) {
            code.cpuid();
        } else {
            code.mov(Gpr.RCX, 0); // xcr0
            code.xgetbv();
        }
        Gpr[] answer = {Gpr.RAX, Gpr.RBX, Gpr.RCX, Gpr.RDX};
        for (int i = 0; i < answer.length; i++) {
            code.mov32(Mem.at(block, ANSWER_OFFSET_BYTES + 4 * i), answer[i]);
        }
    }

    private static int[] ask(Code function, MemorySegment block, int leaf, int subleaf) {
        block.set(JAVA_INT, 0, leaf);
        block.set(JAVA_INT, 4, subleaf);
        function.call(block);
        return block.asSlice(ANSWER_OFFSET_BYTES).toArray(JAVA_INT);
    }

    private static String brand(Code cpuid, MemorySegment block) {
        int highest = ask(cpuid, block, HIGHEST_EXTENDED_LEAF, 0)[0];
        if (Integer.compareUnsigned(highest, BRAND_LEAF + 2) < 0) {
            return "unnamed x86-64";
        }
        StringBuilder name = new StringBuilder();
        for (int leaf = BRAND_LEAF; leaf <= BRAND_LEAF + 2; leaf++) {
            for (int word : ask(cpuid, block, leaf, 0)) {
                for (int shift = 0; shift < 32; shift += 8) {
                    name.append((char) (word >> shift & 0xFF));
                }
            }
        }
        return name.toString().replace("\0", "").strip();
    }
}
