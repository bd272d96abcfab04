package dev.bgem3.model;

import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;

/**
 * Computes a forward pass, from token ids to one vector of C numbers for each token.
 *
 * <p>
 * Immutable once loaded. The kernels determine how many forward passes may run at a time.
 */
public interface Encoder {
    /** Returns the maximum number of tensor elements per token in a forward pass. */
    long numbersPerToken();

    /**
     * Runs the forward pass.
     *
     * @return [T, C], in the workspace's memory
     */
    Tensor forward(Workspace workspace, TokenBatch batch);

    /**
     * Runs the forward pass for only the first token of each text. Its rows are those of {@link #forward},
     * bit for bit if the kernels' attention gives the same bits.
     *
     * @return [S, C], in the workspace's memory
     */
    Tensor forwardFirstTokens(Workspace workspace, TokenBatch batch);
}
