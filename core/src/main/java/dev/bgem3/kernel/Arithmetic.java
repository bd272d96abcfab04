package dev.bgem3.kernel;

/**
 * What the linear layers' products are computed in. On a CPU everything else is fp32; on a GPU tensors are in
 * the arithmetic's type too, and sums, norms and softmax in fp32.
 */
public enum Arithmetic {
    /** Products and sums in fp32. */
    FP32("fp32", 1, false, 1),
    /** Operands and results rounded to fp16; sums of products, norms and softmax in fp32. */
    FP16("fp16", 2, false, 1),
    /** Operands rounded to bf16, sums of their products in fp32. */
    BF16("bf16", 2, false, 1),
    /**
     * Operands rounded to 8-bit integers, weights with one scale an output channel, activations with one a
     * row; sums exact in 32-bit integers.
     */
    INT8("int8", 4, true, 1);

    private final String label;
    private final int numbersPerWord;
    private final boolean scaled;
    private final int numericsVersion;

    Arithmetic(String label, int numbersPerWord, boolean scaled, int numericsVersion) {
        this.label = label;
        this.numbersPerWord = numbersPerWord;
        this.scaled = scaled;
        this.numericsVersion = numericsVersion;
    }

    /** Its name in messages, in descriptions and in the names of layouts, such as {@code fp32}. */
    public String label() {
        return label;
    }

    /** How many numbers of an operand a word of 32 bits holds. */
    public int numbersPerWord() {
        return numbersPerWord;
    }

    /**
     * Raised whenever the kernels' results in this arithmetic change by more than the last bit, so that what
     * was computed before can be told from what is computed now.
     */
    public int numericsVersion() {
        return numericsVersion;
    }

    /** Whether operands are integers that only a scale turns into the numbers they stand for. */
    public boolean isScaled() {
        return scaled;
    }
}
