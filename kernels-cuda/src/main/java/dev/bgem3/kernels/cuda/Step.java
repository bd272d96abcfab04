package dev.bgem3.kernels.cuda;

/**
 * One piece of work for the card, written down before it is run. Two that are equal do the same to the same
 * memory, so that a list of them tells whether a recorded graph can be run in their place.
 */
sealed interface Step {
    /** A kernel over a grid of blocks. */
    record Launch(KernelFunction function, int gridX, int gridY, Arguments arguments) implements Step {}

    /** {@code out[M, N] = in[M, K] · weight[N, K]ᵀ (+ bias[N])}; no bias where its address is 0. */
    record Multiply(long out, long in, long weight, long bias, int m, int n, int k) implements Step {}

    /** Copies pinned memory of the host to the card. */
    record Upload(long device, long host, long bytes) implements Step {}

    /** Copies the card's memory to pinned memory of the host. */
    record Download(long host, long device, long bytes) implements Step {}
}
