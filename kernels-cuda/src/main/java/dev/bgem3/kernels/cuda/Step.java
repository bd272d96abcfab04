package dev.bgem3.kernels.cuda;

/**
 * A piece of work for the GPU, recorded before it runs. Equal steps do the same to the same memory, so that
 * comparing lists of steps shows whether a captured graph can run instead.
 */
sealed interface Step {
    /** Launches a kernel on a grid of blocks. */
    record Launch(KernelFunction function, int gridX, int gridY, Arguments arguments) implements Step {}

    /**
     * Computes {@code out[M, N] = in[M, K] · weight[N, K]ᵀ (+ bias[N])}, without the bias if its address is
     * 0.
     */
    record Multiply(long out, long in, long weight, long bias, int m, int n, int k) implements Step {}

    /** Copies pinned host memory to the GPU. */
    record Upload(long device, long host, long bytes) implements Step {}

    /** Copies GPU memory to pinned host memory. */
    record Download(long host, long device, long bytes) implements Step {}
}
