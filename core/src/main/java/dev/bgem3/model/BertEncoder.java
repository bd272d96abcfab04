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

/** The encoder of BERT and XLM-RoBERTa, which apply a layer norm after each residual connection. */
final class BertEncoder implements Encoder {
    /**
     * The weights of a layer.
     *
     * @param queryKeyValue
     *            [3·C, C], the three projections in one matrix product
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
     * Converts the weights to the kernels' layout; the two tables stay in the mapped file.
     *
     * @param layerTaken
     *            runs after each layer, whose weights are not read from the files again
     */
    BertEncoder(ModelConfig config, EncoderWeights weights, Kernels kernels, Runnable layerTaken) {
        this.config = config;
        this.kernels = kernels;
        float epsilon = config.layerNormEps();
        words = kernels.table(weights.table(TensorRole.WORD_EMBEDDINGS));
        positions = kernels.table(weights.table(TensorRole.POSITION_EMBEDDINGS));
        tokenType = new float[config.hiddenSize()];
        weights.table(TensorRole.TOKEN_TYPE_EMBEDDINGS).readRow(0, tokenType, 0);
        embeddingNorm = weights.norm(kernels, TensorRole.EMBEDDING_NORM, epsilon);
        for (int i = 0; i < config.layerCount(); i++) {
            layers.add(new Layer(weights.linear(kernels, TensorRole.QUERY_KEY_VALUE, i),
                    weights.linear(kernels, TensorRole.ATTENTION_OUTPUT, i),
                    weights.norm(kernels, TensorRole.ATTENTION_NORM, i, epsilon),
                    weights.linear(kernels, TensorRole.INTERMEDIATE, i),
                    weights.linear(kernels, TensorRole.OUTPUT, i),
                    weights.norm(kernels, TensorRole.OUTPUT_NORM, i, epsilon)));
            layerTaken.run();
        }
    }

    /** Includes the first tokens' own tensors, which have full size if each text has only one token. */
    @Override
    public long numbersPerToken() {
        return 7L * config.hiddenSize() + 2L * config.intermediateSize();
    }

    @Override
    public Tensor forward(Workspace workspace, TokenBatch batch) {
        Pass pass = new Pass(workspace, batch);
        layers.forEach(pass::run);
        return pass.x;
    }

    /**
     * In the last layer, computes keys and values for all tokens, but queries and everything after the
     * attention only for the first tokens, because everything except attention works row by row.
     */
    @Override
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

        /** Runs the part of a layer after the attention; {@code residual} becomes the layer's output. */
        private void finish(Layer layer, Tensor residual, Tensor attention, Tensor wide) {
            kernels.linearAddNorm(residual, attention, layer.attentionOutput, residual, layer.attentionNorm);
            kernels.feedForward(residual, wide, layer.intermediate, layer.output, layer.outputNorm);
        }
    }
}
