package dev.bgem3.model;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;

/**
 * A linear layer, of a head or of the encoder, as it lies in the model's files.
 *
 * @param weight
 *            [N, K]
 * @param bias
 *            [N]
 * @param precise
 *            whether it is one of those in which rounding to int8 shows most
 */
public record LinearWeights(MatrixSource weight, float[] bias, boolean precise) {
    /** Lays it out for the products. */
    Kernels.Linear layOut(Kernels kernels) {
        return precise ? kernels.preciseLinear(weight, bias) : kernels.linear(weight, bias);
    }
}
