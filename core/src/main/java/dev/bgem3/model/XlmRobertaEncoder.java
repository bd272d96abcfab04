package dev.bgem3.model;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.Kernels.Linear;
import dev.bgem3.kernel.Kernels.Norm;
import dev.bgem3.kernel.Kernels.Table;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The XLM-RoBERTa encoder: token ids in, one vector of C numbers for each token out.
 *
 * <p>
 * Immutable once loaded. As many forward passes may run at a time as the kernels allow.
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

    /**
     * Takes the weights out of the file into the kernels' layout; the two tables stay where they lie.
     *
     * @param layerTaken
     *            runs after each layer, whose weights are not read from the files again
     */
    XlmRobertaEncoder(ModelConfig config, NamedTensors tensors, Map<String, HeadWeights> linearLayers,
            Kernels kernels, Runnable layerTaken) {
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
            String prefix = LinearLayers.prefix(i);
            layers.add(new Layer(linear(linearLayers.get(prefix + LinearLayers.QUERY_KEY_VALUE)),
                    linear(linearLayers.get(prefix + LinearLayers.ATTENTION_OUTPUT)),
                    norm(tensors, prefix + "attention.output.LayerNorm"),
                    linear(linearLayers.get(prefix + LinearLayers.INTERMEDIATE)),
                    linear(linearLayers.get(prefix + LinearLayers.OUTPUT)),
                    norm(tensors, prefix + "output.LayerNorm")));
            layerTaken.run();
        }
    }

    private Linear linear(HeadWeights layer) {
        return layer.layOut(kernels);
    }

    private Norm norm(NamedTensors tensors, String name) {
        return kernels.norm(tensors.vector(name + ".weight", config.hiddenSize()),
                tensors.vector(name + ".bias", config.hiddenSize()), config.layerNormEps());
    }

    /** The most numbers that a token's tensors hold in a forward pass: the last layer's twice where texts have one token each. */
    public long numbersPerToken() {
        return 7L * config.hiddenSize() + 2L * config.intermediateSize();
    }

    /**
     * The forward pass.
     *
     * @return [T, C], in the workspace's memory
     */
    public Tensor forward(Workspace workspace, TokenBatch batch) {
        Pass pass = new Pass(workspace, batch);
        layers.forEach(pass::run);
        return pass.x;
    }

    /**
     * The forward pass for the first token of each text alone: the last layer makes keys and values for all tokens, and takes its
     * queries, and all that follows them, from the first ones. Its rows are those of {@link #forward} with the same bits wherever
     * the kernels' attention is, as all else in a layer works on each row by itself.
     *
     * @return [S, C], in the workspace's memory
     */
    public Tensor forwardFirstTokens(Workspace workspace, TokenBatch batch) {
        Pass pass = new Pass(workspace, batch);
        layers.subList(0, layers.size() - 1).forEach(pass::run);
        return pass.runFirstTokens(layers.getLast());
    }

    /** The tensors of one forward pass. */
    private final class Pass {
        private final Workspace workspace;
        private final TokenBatch batch;
        private final Tensor x;
        private final Tensor queryKeyValue;
        private final Tensor attended;
        private final Tensor intermediate;

        Pass(Workspace workspace, TokenBatch batch) {
            this.workspace = workspace;
            this.batch = batch;
            int t = batch.tokenCount();
            int c = config.hiddenSize();
            x = workspace.tensor(t, c);
            queryKeyValue = workspace.roundedTensor(t, 3 * c);
            attended = workspace.roundedTensor(t, c);
            intermediate = wideTensor(t);
            kernels.embed(x, batch.tokenIds(), batch.positionIds(config.firstPosition()), words, positions,
                    tokenType, embeddingNorm);
        }

        private Tensor wideTensor(int rows) {
            return workspace.roundedTensor(kernels.feedForwardRows(rows), config.intermediateSize());
        }

        void run(Layer layer) {
            kernels.linear(queryKeyValue, x, layer.queryKeyValue);
            kernels.attention(attended, queryKeyValue, batch.cumulativeLengths(), config.headCount());
            finish(layer, x, attended, intermediate);
        }

        Tensor runFirstTokens(Layer layer) {
            int s = batch.textCount();
            Tensor first = workspace.tensor(s, config.hiddenSize());
            Tensor firstAttended = workspace.roundedTensor(s, config.hiddenSize());
            kernels.linear(queryKeyValue, x, layer.queryKeyValue);
            kernels.firstTokenAttention(firstAttended, queryKeyValue, batch.cumulativeLengths(),
                    config.headCount());
            kernels.gatherRows(first, x, Arrays.copyOf(batch.cumulativeLengths(), s));
            finish(layer, first, firstAttended, wideTensor(s));
            return first;
        }

        /** What follows the attention, row by row; {@code residual} becomes the layer's output. */
        private void finish(Layer layer, Tensor residual, Tensor attention, Tensor wide) {
            kernels.linearAddNorm(residual, attention, layer.attentionOutput, residual, layer.attentionNorm);
            kernels.feedForward(residual, wide, layer.intermediate, layer.output, layer.outputNorm);
        }
    }
}
