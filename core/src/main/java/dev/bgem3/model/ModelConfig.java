package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What {@code config.json} says: the family and the sizes; every one comes from there.
 *
 * @param family
 *            the one of {@code model_type}
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
    /** The file's name in a model folder. */
    public static final String FILE_NAME = "config.json";

    /** Larger than any encoder's. */
    static final int MAX_SIZE = 65_536;
    /** The most numbers of a matrix that the kernels lay out: with their padding still inside an int. */
    static final long MAX_ELEMENTS = 1L << 30;
    /** The most rows of a table. */
    static final int MAX_ROWS = 16_777_216;
    static final int MAX_LAYERS = 1_024;

    /** The most tokens of a text, special ones included. */
    public int maxTokens() {
        return maxPositions - firstPosition;
    }

    /** Multiply-adds of the layers' products for one token. */
    public long layerParameters() {
        return (long) layerCount * (4L * hiddenSize * hiddenSize + 2L * hiddenSize * intermediateSize);
    }

    /**
     * Reads and checks a folder's {@code config.json}.
     *
     * @throws ModelException
     *             where the file is missing or unreadable, or a value is absent, of the wrong type or out of
     *             range; the message names file and key
     */
    public static ModelConfig read(Path folder) {
        Path file = folder.resolve(FILE_NAME);
        if (Files.notExists(file)) {
            throw new ModelException(file + ": no such file (expected: the model's configuration)");
        }
        return ConfigFile.read(file, json -> of(file, json));
    }

    /** What the object says that {@code file} holds. */
    static ModelConfig of(Path file, JsonObject json) {
        ConfigReader reader = new ConfigReader(file, json);
        String type = reader.oneOf("model_type",
                ModelFamily.ALL.stream().map(ModelFamily::modelType).toList());
        return ModelFamily.ALL.stream().filter(family -> family.modelType().equals(type)).findFirst()
                .orElseThrow().readConfig(reader);
    }

    /**
     * What is wrong with the sizes of a layer's largest matrices, [3·C, C] and [F, C]; the tables are only
     * mapped.
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
