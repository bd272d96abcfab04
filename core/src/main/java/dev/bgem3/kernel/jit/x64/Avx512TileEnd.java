package dev.bgem3.kernel.jit.x64;

/**
 * The operation applied to the sums of a tile, and the type of the result.
 *
 * @param finish
 *            the operation applied to the sums
 * @param bf16Out
 *            whether the result is stored as bf16 instead of fp32; never for {@link TileFinish#SCALE_ADD} and
 *            {@link TileFinish#BIAS_RESIDUAL}, which read fp32 numbers there
 */
record Avx512TileEnd(TileFinish finish, boolean bf16Out) {
    /** Returns whether this is the end of a linear layer, otherwise of attention. */
    boolean isLayer() {
        return finish != TileFinish.NONE && finish != TileFinish.SCALE_ADD;
    }

    /** Returns the size of a vector of results. */
    int outBytes() {
        return bf16Out ? Avx512VectorCode.BYTES / 2 : Avx512VectorCode.BYTES;
    }
}
