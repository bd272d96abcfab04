package dev.bgem3.model;

import dev.bgem3.kernel.MatrixSource;

/**
 * A head's linear layer as it lies in the model's files.
 *
 * @param weight
 *            [N, C]
 * @param bias
 *            [N]
 */
public record HeadWeights(MatrixSource weight, float[] bias) {}
