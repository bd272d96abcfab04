package dev.bgem3.model;

import dev.bgem3.kernel.Kernels;
import java.util.List;

/** BERT (Devlin et al. 2018): learned positions, layer norm after each residual, GELU. */
class BertFamily implements ModelFamily {
    private static final int DEFAULT_PAD_TOKEN_ID = 1;
    private static final String PREFIX_BESIDE_HEAD = "roberta.";

    @Override
    public String modelType() {
        return "bert";
    }

    @Override
    public ModelConfig readConfig(ConfigReader json) {
        json.require("hidden_act", "gelu");
        json.requireUnlessAbsent("position_embedding_type", "absolute");
        int hiddenSize = json.size("hidden_size", 1, ModelConfig.MAX_SIZE);
        int headCount = json.size("num_attention_heads", 1, ModelConfig.MAX_SIZE);
        if (hiddenSize % headCount != 0) {
            throw json.error("num_attention_heads: " + headCount + " (expected: a divisor of hidden_size, "
                    + hiddenSize + ")");
        }
        int intermediateSize = json.size("intermediate_size", 1, ModelConfig.MAX_SIZE);
        ModelConfig.tooLarge(hiddenSize, intermediateSize).ifPresent(fault -> {
            throw json.error(fault);
        });
        int vocabSize = json.size("vocab_size", 5, ModelConfig.MAX_ROWS);
        int firstPosition = firstPosition(
                json.size("pad_token_id", 0, vocabSize - 1, DEFAULT_PAD_TOKEN_ID));
        int maxPositions = json.size("max_position_embeddings", firstPosition + 2, ModelConfig.MAX_ROWS);
        int typeVocabSize = json.size("type_vocab_size", 1, 1_024, 1);
        int layerCount = json.size("num_hidden_layers", 1, ModelConfig.MAX_LAYERS);
        return new ModelConfig(this, hiddenSize, layerCount, headCount, intermediateSize, vocabSize,
                maxPositions, typeVocabSize, json.epsilon("layer_norm_eps"), firstPosition);
    }

    /** Returns the row of the position table for a text's first token. */
    int firstPosition(int padTokenId) {
        return 0;
    }

    @Override
    public TensorTable tensors(ModelConfig config) {
        int c = config.hiddenSize();
        int f = config.intermediateSize();
        TensorTable.Builder table = new TensorTable.Builder("encoder.layer.")
                .table(TensorRole.WORD_EMBEDDINGS, "embeddings.word_embeddings", config.vocabSize(), c)
                .table(TensorRole.POSITION_EMBEDDINGS, "embeddings.position_embeddings",
                        config.maxPositions(), c)
                .table(TensorRole.TOKEN_TYPE_EMBEDDINGS, "embeddings.token_type_embeddings",
                        config.typeVocabSize(), c)
                .norm(TensorRole.EMBEDDING_NORM, "embeddings.LayerNorm", c);
        for (int i = 0; i < config.layerCount(); i++) {
            table.layer(i)
                    .stacked(TensorRole.QUERY_KEY_VALUE, "attention.self", List.of("query", "key", "value"),
                            c, c)
                    .linear(TensorRole.ATTENTION_OUTPUT, "attention.output.dense", c, c)
                    .norm(TensorRole.ATTENTION_NORM, "attention.output.LayerNorm", c)
                    .linear(TensorRole.INTERMEDIATE, "intermediate.dense", f, c)
                    .linear(TensorRole.OUTPUT, "output.dense", c, f)
                    .norm(TensorRole.OUTPUT_NORM, "output.LayerNorm", c);
        }
        return table.build();
    }

    @Override
    public List<String> prefixes() {
        return List.of("", PREFIX_BESIDE_HEAD, "bert.", "model.");
    }

    /** Returns XLM-RoBERTa's, the only classifier implemented; BERT's own has different layers. */
    @Override
    public String classifierArchitecture() {
        return "XLMRobertaForSequenceClassification";
    }

    @Override
    public TensorTable classifierTensors(ModelConfig config) {
        int c = config.hiddenSize();
        return new TensorTable.Builder().linear(TensorRole.CLASSIFIER_DENSE, "classifier.dense", c, c)
                .linear(TensorRole.CLASSIFIER_OUTPUT, "classifier.out_proj", 1, c).build();
    }

    @Override
    public String prefixBesideClassifier() {
        return PREFIX_BESIDE_HEAD;
    }

    @Override
    public Encoder encoder(ModelConfig config, EncoderWeights weights, Kernels kernels, Runnable layerTaken) {
        return new BertEncoder(config, weights, kernels, layerTaken);
    }

    /** Returns the model type. */
    @Override
    public String toString() {
        return modelType();
    }
}
