package dev.bgem3.kernel;

import java.util.Arrays;
import java.util.List;

/**
 * The number type in which the products of linear layers are computed. On a CPU everything else is fp32; on a
 * GPU tensors also have this type, while sums, norms and softmax are fp32.
 */
public enum Arithmetic {
    /** Products and sums in fp32. */
    FP32("fp32", 1, false, true, 1),
    /** Operands and results rounded to fp16; sums of products, norms and softmax in fp32. */
    FP16("fp16", 2, false, false, 1),
    /** Operands rounded to bf16, sums of their products in fp32. */
    BF16("bf16", 2, false, true, 1),
    /**
     * Operands rounded to 8-bit integers, with one scale per output channel for weights and one per row for
     * activations; sums exact in 32-bit integers.
     */
    INT8("int8", 4, true, true, 1);

    private final String label;
    private final int numbersPerWord;
    private final boolean scaled;
    private final boolean forCpu;
    private final int numericsVersion;

    Arithmetic(String label, int numbersPerWord, boolean scaled, boolean forCpu, int numericsVersion) {
        this.label = label;
        this.numbersPerWord = numbersPerWord;
        this.scaled = scaled;
        this.forCpu = forCpu;
        this.numericsVersion = numericsVersion;
    }

    /** Returns the name in messages, descriptions and names of layouts, such as {@code fp32}. */
    public String label() {
        return label;
    }

    /** Returns how many numbers of an operand a 32-bit word holds. */
    public int numbersPerWord() {
        return numbersPerWord;
    }

    /**
     * Returns a version that is raised whenever the kernels' results in this arithmetic change by more than
     * the last bit, so that results computed before and after the change can be told apart.
     */
    public int numericsVersion() {
        return numericsVersion;
    }

    /** Returns whether operands are integers with a scale. */
    public boolean isScaled() {
        return scaled;
    }

    /** Whether kernels for CPUs compute in it; else those for GPUs alone do. */
    public boolean isForCpu() {
        return forCpu;
    }

    /** The labels of those for CPUs, as messages list them: {@code fp32, bf16 or int8}. */
    public static String cpuLabels() {
        List<String> labels = Arrays.stream(values()).filter(Arithmetic::isForCpu).map(Arithmetic::label)
                .toList();
        return String.join(", ", labels.subList(0, labels.size() - 1)) + " or " + labels.getLast();
    }
}
