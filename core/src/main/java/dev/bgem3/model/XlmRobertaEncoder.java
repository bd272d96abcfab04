package dev.bgem3.model;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.Kernels.Linear;
import dev.bgem3.kernel.Kernels.Norm;
import dev.bgem3.kernel.Kernels.Table;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.util.ArrayList;
import java.util.List;

/**
 * The XLM-RoBERTa encoder: token ids in, one vector of C numbers for each token out.
 *
 * <p>
 * Immutable once loaded. The forward pass belongs to whoever holds the kernels: one at a time.
 */
public final class XlmRobertaEncoder {
    /**
     * One layer's weights.
     *
     * @param queryKeyValue
     *            [3·C, C], the three projections in one product
     * @param attentionOutput
     *            [C, C]
     * @param attentionNorm
     *            after the attention's residual
     * @param intermediate
     *            [F, C]
     * @param output
     *            [C, F]
     * @param outputNorm
     *            after the feed-forward part's residual
     */
    private record Layer(Linear queryKeyValue, Linear attentionOutput, Norm attentionNorm,
            Linear intermediate,
            Linear output, Norm outputNorm) {}

    private final ModelConfig config;
    private final Kernels kernels;
    private final Table words;
    private final Table positions;
    private final float[] tokenType;
    private final Norm embeddingNorm;
    private final List<Layer> layers = new ArrayList<>();

    /** Takes the weights out of the file into the kernels' layout; the two tables stay where they lie. */
    XlmRobertaEncoder(ModelConfig config, NamedTensors tensors, Kernels kernels) {
        this.config = config;
        this.kernels = kernels;
        int c = config.hiddenSize();
        words = kernels.table(tensors.matrix("embeddings.word_embeddings.weight", config.vocabSize(), c));
        positions = kernels
                .table(tensors.matrix("embeddings.position_embeddings.weight", config.maxPositions(), c));
        tokenType = new float[c];
        tensors.matrix("embeddings.token_type_embeddings.weight", config.typeVocabSize(), c).readRow(0,
                tokenType, 0);
        embeddingNorm = norm(tensors, "embeddings.LayerNorm");
        for (int i = 0; i < config.layerCount(); i++) {
            layers.add(layer(tensors, "encoder.layer." + i + "."));
        }
    }

    private Layer layer(NamedTensors tensors, String prefix) {
        int c = config.hiddenSize();
        int f = config.intermediateSize();
        String self = prefix + "attention.self.";
        float[] bias = new float[3 * c];
        System.arraycopy(tensors.vector(self + "query.bias", c), 0, bias, 0, c);
        System.arraycopy(tensors.vector(self + "key.bias", c), 0, bias, c, c);
        System.arraycopy(tensors.vector(self + "value.bias", c), 0, bias, 2 * c, c);
        Linear queryKeyValue = kernels
                .linear(MatrixSource.stacked(tensors.matrix(self + "query.weight", c, c),
                        tensors.matrix(self + "key.weight", c, c),
                        tensors.matrix(self + "value.weight", c, c)), bias);
        return new Layer(queryKeyValue, linear(tensors, prefix + "attention.output.dense", c, c),
                norm(tensors, prefix + "attention.output.LayerNorm"),
                linear(tensors, prefix + "intermediate.dense", f, c),
                linear(tensors, prefix + "output.dense", c, f),
                norm(tensors, prefix + "output.LayerNorm"));
    }

    private Linear linear(NamedTensors tensors, String name, int outputSize, int inputSize) {
        return kernels.linear(tensors.matrix(name + ".weight", outputSize, inputSize),
                tensors.vector(name + ".bias", outputSize));
    }

    private Norm norm(NamedTensors tensors, String name) {
        return kernels.norm(tensors.vector(name + ".weight", config.hiddenSize()),
                tensors.vector(name + ".bias", config.hiddenSize()), config.layerNormEps());
    }

    /**
     * The forward pass.
     *
     * @return [T, C], in the workspace's memory
     */
    public Tensor forward(Workspace workspace, TokenBatch batch) {
        int t = batch.tokenCount();
        int c = config.hiddenSize();
        Tensor x = workspace.tensor(t, c);
        Tensor queryKeyValue = workspace.tensor(t, 3 * c);
        Tensor attended = workspace.tensor(t, c);
        Tensor intermediate = workspace.tensor(t, config.intermediateSize());

        kernels.embed(x, batch.tokenIds(), batch.positionIds(config.padTokenId() + 1), words, positions,
                tokenType,
                embeddingNorm);
        for (Layer layer : layers) {
            kernels.linear(queryKeyValue, x, layer.queryKeyValue);
            kernels.attention(attended, queryKeyValue, batch.cumulativeLengths(), config.headCount());
            kernels.linearAddNorm(x, attended, layer.attentionOutput, x, layer.attentionNorm);
            kernels.linearGelu(intermediate, x, layer.intermediate);
            kernels.linearAddNorm(x, intermediate, layer.output, x, layer.outputNorm);
        }
        return x;
    }
}
