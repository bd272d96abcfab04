package dev.bgem3.kernel.jit.x64;

/**
 * What is done with a tile's sums, and the type in which they are stored.
 *
 * @param finish
 *            what happens to them
 * @param bf16Out
 *            whether the result is stored as bf16, which those of {@link TileFinish#SCALE_ADD} and
 *            {@link TileFinish#BIAS_RESIDUAL} cannot be, as they read the fp32 numbers there; else it is fp32
 */
record Avx512TileEnd(TileFinish finish, boolean bf16Out) {
    /** A linear layer's, else attention's. */
    boolean isLayer() {
        return finish != TileFinish.NONE && finish != TileFinish.SCALE_ADD;
    }

    /** Of a vector of results. */
    int outBytes() {
        return bf16Out ? Avx512VectorCode.BYTES / 2 : Avx512VectorCode.BYTES;
    }
}
