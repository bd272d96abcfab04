package dev.bgem3.kernel.jit.x64;

import dev.bgem3.kernel.LinearFinish;

/** The operation applied to the sums of a tile before they are stored. */
enum TileFinish {
    /** None; in AVX2 a later slice may start from these sums. */
    NONE,
    /** Multiplies the stored tile by the scales of its rows and adds the sums to it; AVX-512 only. */
    SCALE_ADD,
    /** Adds the bias. */
    BIAS,
    /** Adds the bias and applies ReLU, max(·, 0). */
    BIAS_RELU,
    /** Adds the bias and applies GELU. */
    BIAS_GELU,
    /** Adds the bias and a residual of the result's shape and stride. */
    BIAS_RESIDUAL;

    /** Returns the finish of a linear layer. */
    static TileFinish of(LinearFinish finish) {
        return switch (finish) {
            case BIAS -> BIAS;
            case BIAS_GELU -> BIAS_GELU;
            case BIAS_RELU -> BIAS_RELU;
            case BIAS_RESIDUAL -> BIAS_RESIDUAL;
        };
    }
}
