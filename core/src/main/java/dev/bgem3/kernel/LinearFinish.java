package dev.bgem3.kernel;

/** What becomes of a linear layer's sums. */
public enum LinearFinish {
    /** The bias is added. */
    BIAS,
    /** The bias is added; GELU. */
    BIAS_GELU,
    /** The bias is added; max(·, 0). */
    BIAS_RELU,
    /** The bias and a residual of the result's shape are added. */
    BIAS_RESIDUAL
}
