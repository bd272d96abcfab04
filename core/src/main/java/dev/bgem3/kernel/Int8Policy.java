package dev.bgem3.kernel;

import java.util.Set;

/**
 * Where int8 is not used. Layers in which rounding to 8 bits shows most are <em>precise</em>: they are laid
 * out by {@link Kernels#preciseLinear} and stay in bf16 or fp32 where the others are in int8. The heads'
 * layers all are; of the encoder's, those that {@link #isPrecise} names.
 */
public final class Int8Policy {
    /**
     * A matrix with at most this many inputs is never in int8. Measured on tiny-m3, which has such matrices:
     * it is a ninth slower for it, and the five largest lexical weights stay the same in 84 % of texts
     * instead of 75 %.
     */
    private static final int MAX_PRECISE_INPUTS = 128;

    private Int8Policy() {}

    /**
     * Whether a linear layer of the encoder is precise.
     *
     * <p>
     * The first layer's attention is where int8 hurts: it changes the lexical weights and the vectors more
     * than the products of all other layers together ({@code bench/accuracy} shows each matrix's part).
     *
     * @param layer
     *            the number of the encoder's layer, from 0
     * @param attention
     *            whether it is a projection of the attention, else of the feed-forward part
     * @param inputSize
     *            how many inputs the matrix has
     */
    public static boolean isPrecise(int layer, boolean attention, int inputSize) {
        return layer == 0 && attention || inputSize <= MAX_PRECISE_INPUTS;
    }

    /**
     * The arithmetic of precise layers.
     *
     * @param others
     *            the arithmetic of the other layers
     * @param available
     *            the arithmetics that the kernels have units for
     */
    public static Arithmetic precise(Arithmetic others, Set<Arithmetic> available) {
        return switch (others) {
            case FP32, FP16, BF16 -> others;
            case INT8 -> available.contains(Arithmetic.BF16) ? Arithmetic.BF16 : Arithmetic.FP32;
        };
    }
}
