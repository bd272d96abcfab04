package dev.bgem3.model;

import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;

/**
 * A forward pass: token ids in, one vector of C numbers for each token out.
 *
 * <p>
 * Immutable once loaded. As many forward passes may run at a time as the kernels allow.
 */
public interface Encoder {
    /** The most numbers that a token's tensors hold in a forward pass. */
    long numbersPerToken();

    /**
     * The forward pass.
     *
     * @return [T, C], in the workspace's memory
     */
    Tensor forward(Workspace workspace, TokenBatch batch);

    /**
     * The forward pass for the first token of each text alone. Its rows are those of {@link #forward}, with
     * the same bits wherever the kernels' attention gives the same.
     *
     * @return [S, C], in the workspace's memory
     */
    Tensor forwardFirstTokens(Workspace workspace, TokenBatch batch);
}
