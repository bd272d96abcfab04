package dev.bgem3.head;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.Kernels.Linear;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;

/** Computes one lexical weight for each token: {@code relu(sparse_linear(x))}. Immutable. */
public final class SparseHead {
    private final Kernels kernels;
    private final Linear layer;

    /**
     * Creates the head from its weights.
     *
     * @param weight
     *            [1, C]
     * @param bias
     *            [1]
     */
    public SparseHead(Kernels kernels, MatrixSource weight, float[] bias) {
        this.kernels = kernels;
        layer = kernels.preciseLinear(weight, bias);
    }

    /**
     * Returns the weight of each token.
     *
     * @param hidden
     *            [T, C]
     * @return [T]
     */
    public float[] tokenWeights(Workspace workspace, Tensor hidden) {
        Tensor weights = workspace.tensor(hidden.rows(), 1);
        kernels.linearRelu(weights, hidden, layer);
        float[] values = new float[hidden.rows()];
        kernels.read(values, 0, weights, 0, hidden.rows());
        return values;
    }
}
