package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The configuration of a model, all of it from {@code config.json}: its family and its sizes.
 *
 * @param family
 *            from {@code model_type}
 * @param hiddenSize
 *            C, {@code hidden_size}
 * @param layerCount
 *            {@code num_hidden_layers}
 * @param headCount
 *            NH, {@code num_attention_heads}; divides the hidden size
 * @param intermediateSize
 *            F, {@code intermediate_size}
 * @param vocabSize
 *            V, {@code vocab_size}
 * @param maxPositions
 *            rows of the position table, {@code max_position_embeddings}
 * @param typeVocabSize
 *            rows of the token type table, {@code type_vocab_size}; only the first is used
 * @param layerNormEps
 *            {@code layer_norm_eps}
 * @param firstPosition
 *            the row of the position table for a text's first token
 */
public record ModelConfig(ModelFamily family, int hiddenSize, int layerCount, int headCount,
        int intermediateSize,
        int vocabSize, int maxPositions, int typeVocabSize, float layerNormEps, int firstPosition) {
    /** The name of the file in a model folder. */
    public static final String FILE_NAME = "config.json";

    /** Larger than any real encoder has. */
    static final int MAX_SIZE = 65_536;
    /** The most elements of a matrix that the kernels lay out; with padding, the count still fits an int. */
    static final long MAX_ELEMENTS = 1L << 30;
    /** The maximum number of rows of a table. */
    static final int MAX_ROWS = 16_777_216;
    static final int MAX_LAYERS = 1_024;

    /** Returns the maximum number of tokens of a text, including special ones. */
    public int maxTokens() {
        return maxPositions - firstPosition;
    }

    /**
     * Reads and checks a folder's {@code config.json}.
     *
     * @throws ModelException
     *             if the file is missing or unreadable, or a value is absent, of the wrong type or out of
     *             range; the message names the file and the key
     */
    public static ModelConfig read(Path folder) {
        Path file = folder.resolve(FILE_NAME);
        if (Files.notExists(file)) {
            throw new ModelException(file + ": no such file (expected: the model's configuration)"
                    + OtherFiles.foundIn(folder));
        }
        return ConfigFile.read(file, json -> of(file, json));
    }

    /** Reads the configuration from the object in {@code file}. */
    static ModelConfig of(Path file, JsonObject json) {
        ConfigReader reader = new ConfigReader(file, json);
        String type = reader.oneOf("model_type",
                ModelFamily.ALL.stream().map(ModelFamily::modelType).toList());
        return ModelFamily.ALL.stream().filter(family -> family.modelType().equals(type)).findFirst()
                .orElseThrow().readConfig(reader);
    }

    /**
     * Returns an error message if a layer's largest matrices, [3·C, C] and [F, C], are too large. Tables are
     * not limited, because they are only mapped.
     */
    public static Optional<String> tooLarge(int hiddenSize, int intermediateSize) {
        String max = " (expected: a product of at most " + MAX_ELEMENTS + ")";
        if (3L * hiddenSize * hiddenSize > MAX_ELEMENTS) {
            return Optional.of("hidden_size: 3 · " + hiddenSize + " · " + hiddenSize + max);
        }
        if ((long) hiddenSize * intermediateSize > MAX_ELEMENTS) {
            return Optional
                    .of("hidden_size, intermediate_size: " + hiddenSize + " · " + intermediateSize + max);
        }
        return Optional.empty();
    }
}
