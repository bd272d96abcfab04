package dev.bgem3.head;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.Kernels.Linear;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;

/**
 * Computes one score for each text, which is a pair in a cross-encoder: {@code out_proj(tanh(dense(x[0])))},
 * as in {@code XLMRobertaForSequenceClassification}. Immutable.
 */
public final class ClassifierHead {
    private final Kernels kernels;
    private final Linear dense;
    private final Linear output;

    /**
     * Creates the head from its weights.
     *
     * @param denseWeight
     *            [C, C]
     * @param denseBias
     *            [C]
     * @param outputWeight
     *            [1, C]
     * @param outputBias
     *            [1]
     */
    public ClassifierHead(Kernels kernels, MatrixSource denseWeight, float[] denseBias,
            MatrixSource outputWeight, float[] outputBias) {
        this.kernels = kernels;
        dense = kernels.preciseLinear(denseWeight, denseBias);
        output = kernels.preciseLinear(outputWeight, outputBias);
    }

    /**
     * Returns the score of each text.
     *
     * @param first
     *            [S, C], the first token of each text
     * @return [S]
     */
    public float[] scores(Workspace workspace, Tensor first) {
        int texts = first.rows();
        Tensor hidden = workspace.tensor(texts, dense.outputSize());
        kernels.linear(hidden, first, dense);
        Activations.tanh(kernels, hidden);
        Tensor scores = workspace.tensor(texts, 1);
        kernels.linear(scores, hidden, output);
        float[] result = new float[texts];
        kernels.read(result, 0, scores, 0, texts);
        return result;
    }
}
