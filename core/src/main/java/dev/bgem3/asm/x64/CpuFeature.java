package dev.bgem3.asm.x64;

/** An instruction-set extension that kernels use, with the name that Linux shows. */
public enum CpuFeature {
    // @formatter:off: one per line
    // leaf, sub-leaf, register, bit (Intel SDM volume 2A, CPUID); then the state that the system must save
    FMA("fma", 1, 0, Answer.ECX, 12, State.YMM),
    AVX2("avx2", 7, 0, Answer.EBX, 5, State.YMM),
    AVX_VNNI("avx_vnni", 7, 1, Answer.EAX, 4, State.YMM),
    AVX512F("avx512f", 7, 0, Answer.EBX, 16, State.ZMM),
    AVX512DQ("avx512dq", 7, 0, Answer.EBX, 17, State.ZMM),
    AVX512BW("avx512bw", 7, 0, Answer.EBX, 30, State.ZMM),
    AVX512VL("avx512vl", 7, 0, Answer.EBX, 31, State.ZMM),
    AVX512_VNNI("avx512_vnni", 7, 0, Answer.ECX, 11, State.ZMM),
    AVX512_BF16("avx512_bf16", 7, 1, Answer.EAX, 5, State.ZMM);
    // @formatter:on

    /** The register that holds the feature's bit; its ordinal is its index in the result. */
    enum Answer {
        EAX, EBX, ECX, EDX
    }

    /** Bits of the register xcr0 that must be set (Intel SDM volume 1, section 13.3). */
    enum State {
        YMM(0x6), ZMM(0xE6);

        final int xcr0;

        State(int xcr0) {
            this.xcr0 = xcr0;
        }
    }

    final int leaf;
    final int subleaf;
    final Answer register;
    final int bit;
    final State state;
    private final String label;

    CpuFeature(String label, int leaf, int subleaf, Answer register, int bit, State state) {
        this.label = label;
        this.leaf = leaf;
        this.subleaf = subleaf;
        this.register = register;
        this.bit = bit;
        this.state = state;
    }

    @Override
    public String toString() {
        return label;
    }
}
