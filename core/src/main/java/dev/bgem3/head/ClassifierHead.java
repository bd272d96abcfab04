package dev.bgem3.head;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.Kernels.Linear;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;

/**
 * One number for each text, in a cross-encoder a pair: {@code out_proj(tanh(dense(x[0])))}, as
 * {@code XLMRobertaForSequenceClassification} has it. Immutable.
 */
public final class ClassifierHead {
    private final Kernels kernels;
    private final Linear dense;
    private final Linear output;

    /**
     * Takes the head's weights.
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
     * The texts' scores.
     *
     * @param first
     *            [S, C], each text's first token
     * @return [S]
     */
    public float[] scores(Workspace workspace, Tensor first) {
        int texts = first.rows();
        Tensor hidden = workspace.tensor(texts, dense.outputSize());
        kernels.linear(hidden, first, dense);
        // One row a text: too little for an operation of every provider. StrictMath, since an intrinsic may
        // round otherwise than the interpreter.
        float[] values = new float[Math.multiplyExact(texts, dense.outputSize())];
        kernels.read(values, 0, hidden, 0, texts);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) StrictMath.tanh(values[i]);
        }
        kernels.write(hidden, values);
        Tensor scores = workspace.tensor(texts, 1);
        kernels.linear(scores, hidden, output);
        float[] result = new float[texts];
        kernels.read(result, 0, scores, 0, texts);
        return result;
    }
}
