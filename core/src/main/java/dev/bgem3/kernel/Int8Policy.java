package dev.bgem3.kernel;

import java.util.Set;

/**
 * Decides which layers do not use int8. Layers in which rounding to 8 bits costs the most accuracy are
 * <em>precise</em>: {@link Kernels#preciseLinear} keeps them in bf16 or fp32 while the others are int8. All
 * layers of the heads are precise, and those of the encoder that {@link #isPrecise} names.
 */
public final class Int8Policy {
    /**
     * A matrix with at most this many inputs is never int8. On tiny-m3, which has such matrices, this costs a
     * ninth of the speed; the five largest lexical weights stay the same in 84 % of texts, instead of 75 %
     * otherwise.
     */
    private static final int MAX_PRECISE_INPUTS = 128;

    private Int8Policy() {}

    /**
     * Returns whether a linear layer of the encoder is precise.
     *
     * <p>
     * In the attention of the first layer, int8 changes the lexical weights and vectors more than in all
     * other layers together ({@code bench/accuracy} shows the share of each matrix).
     *
     * @param layer
     *            the number of the encoder layer, from 0
     * @param attention
     *            whether the layer is a projection of attention, otherwise of the feed-forward part
     * @param inputSize
     *            the number of inputs of the matrix
     */
    public static boolean isPrecise(int layer, boolean attention, int inputSize) {
        return layer == 0 && attention || inputSize <= MAX_PRECISE_INPUTS;
    }

    /**
     * Returns the arithmetic of precise layers.
     *
     * @param others
     *            the arithmetic of the other layers
     * @param available
     *            the arithmetics that the kernels support
     */
    public static Arithmetic precise(Arithmetic others, Set<Arithmetic> available) {
        if (!others.isScaled()) {
            return others;
        }
        return available.contains(Arithmetic.BF16) ? Arithmetic.BF16 : Arithmetic.FP32;
    }
}
