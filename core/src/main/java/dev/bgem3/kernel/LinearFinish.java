package dev.bgem3.kernel;

/** The operation applied to the sums of a linear layer. */
public enum LinearFinish {
    /** Adds the bias. */
    BIAS,
    /** Adds the bias and applies GELU. */
    BIAS_GELU,
    /** Adds the bias and applies ReLU, max(·, 0). */
    BIAS_RELU,
    /** Adds the bias and a residual of the result's shape. */
    BIAS_RESIDUAL
}
