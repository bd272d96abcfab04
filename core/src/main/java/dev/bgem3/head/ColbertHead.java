package dev.bgem3.head;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.Kernels.Linear;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;

/**
 * Computes one vector for each token except the first of a text: {@code colbert_linear(x)} divided by its
 * norm. Immutable.
 */
public final class ColbertHead {
    private final Kernels kernels;
    private final Linear layer;

    /**
     * Creates the head from its weights.
     *
     * @param weight
     *            [N, C]
     * @param bias
     *            [N]
     */
    public ColbertHead(Kernels kernels, MatrixSource weight, float[] bias) {
        this.kernels = kernels;
        layer = kernels.preciseLinear(weight, bias);
    }

    /** Returns N, the length of a vector. */
    public int dimension() {
        return layer.outputSize();
    }

    /**
     * Returns the vectors of each text.
     *
     * @param hidden
     *            [T, C]
     * @param cumulativeLengths
     *            [S + 1]
     * @return for each text of L tokens, [L − 1, N] in row-major order
     * @throws ArithmeticException
     *             if the vectors of a text do not fit in an array
     */
    public float[][] vectors(Workspace workspace, Tensor hidden, int[] cumulativeLengths) {
        Tensor projected = workspace.tensor(hidden.rows(), dimension());
        kernels.linear(projected, hidden, layer);
        kernels.normalizeRows(projected, dimension());
        float[][] vectors = new float[cumulativeLengths.length - 1][];
        for (int s = 0; s < vectors.length; s++) {
            int rows = cumulativeLengths[s + 1] - cumulativeLengths[s] - 1;
            vectors[s] = new float[Math.multiplyExact(rows, dimension())];
            kernels.read(vectors[s], 0, projected, cumulativeLengths[s] + 1, rows);
        }
        return vectors;
    }
}
