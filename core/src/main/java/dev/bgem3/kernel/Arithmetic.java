package dev.bgem3.kernel;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The number type in which the products of linear layers are computed. On a CPU everything else is fp32; on a
 * GPU tensors also have this type, while sums, norms and softmax are fp32.
 */
public enum Arithmetic {
    /** Products and sums in fp32. */
    FP32("fp32", 1, 0, false, "", 1),
    /** Operands and results rounded to fp16; sums of products, norms and softmax in fp32. */
    FP16("fp16", 2, 0x1p-11, false, null, 1),
    /** Operands rounded to bf16, sums of their products in fp32. */
    BF16("bf16", 2, 0x1p-8, false, "AVX-512 BF16", 1),
    /**
     * Operands rounded to 8-bit integers, with one scale per output channel for weights and one per row for
     * activations; sums exact in 32-bit integers.
     */
    INT8("int8", 4, 1 / 254.0, true, "AVX-512 VNNI or AVX-VNNI", 1);

    private final String label;
    private final int numbersPerWord;
    private final double operandRounding;
    private final boolean scaled;
    private final String cpuUnits;
    private final int numericsVersion;

    /** Creates a constant; {@code cpuUnits} is empty if every CPU computes in it, and null if none does. */
    Arithmetic(String label, int numbersPerWord, double operandRounding, boolean scaled, String cpuUnits,
            int numericsVersion) {
        this.label = label;
        this.numbersPerWord = numbersPerWord;
        this.operandRounding = operandRounding;
        this.scaled = scaled;
        this.cpuUnits = cpuUnits;
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
     * Returns the largest error of rounding an operand, which is fp32 at first: relative to the number itself
     * or, if operands are scaled, to the largest number with the same scale.
     */
    public double operandRounding() {
        return operandRounding;
    }

    /**
     * Returns whether rounding to this type loses at least as much as rounding to another, so that what
     * surrounds a product need not be more accurate than that.
     */
    public boolean isNoFinerThan(Arithmetic other) {
        return operandRounding >= other.operandRounding;
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

    /** Returns whether kernels for CPUs compute in it; otherwise only those for GPUs do. */
    public boolean isForCpu() {
        return cpuUnits != null;
    }

    /** Returns the units that a CPU needs to compute in it; empty if every CPU or none can. */
    public Optional<String> cpuUnits() {
        return Optional.ofNullable(cpuUnits).filter(units -> !units.isEmpty());
    }

    /** Returns the labels of those for CPUs, as messages list them: {@code fp32, bf16 or int8}. */
    public static String cpuLabels() {
        List<String> labels = Arrays.stream(values()).filter(Arithmetic::isForCpu).map(Arithmetic::label)
                .toList();
        return String.join(", ", labels.subList(0, labels.size() - 1)) + " or " + labels.getLast();
    }
}
