package dev.bgem3.kernel.jit.x64;

import dev.bgem3.kernel.LinearFinish;

/** What is done with a tile's sums before they are stored. */
enum TileFinish {
    /** Nothing; in AVX2 they may be a later slice's start. */
    NONE,
    /** The tile is multiplied by its rows' scales, and they are added to it; AVX-512 alone. */
    SCALE_ADD,
    /** The bias is added. */
    BIAS,
    /** The bias is added; max(·, 0). */
    BIAS_RELU,
    /** The bias is added; GELU. */
    BIAS_GELU,
    /** The bias and a residual of the result's shape and stride are added. */
    BIAS_RESIDUAL;

    /** A linear layer's. */
    static TileFinish of(LinearFinish finish) {
        return switch (finish) {
            case BIAS -> BIAS;
            case BIAS_GELU -> BIAS_GELU;
            case BIAS_RELU -> BIAS_RELU;
            case BIAS_RESIDUAL -> BIAS_RESIDUAL;
        };
    }
}
