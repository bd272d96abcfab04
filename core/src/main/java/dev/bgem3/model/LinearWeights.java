package dev.bgem3.model;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;

/**
 * A linear layer of a head or of the encoder, as stored in the model's files.
 *
 * @param weight
 *            [N, K]
 * @param bias
 *            [N]
 * @param precise
 *            whether it is one of the layers that are most sensitive to rounding to int8
 */
public record LinearWeights(MatrixSource weight, float[] bias, boolean precise) {
    /** Converts the layer to the kernels' layout. */
    Kernels.Linear layOut(Kernels kernels) {
        return precise ? kernels.preciseLinear(weight, bias) : kernels.linear(weight, bias);
    }
}
