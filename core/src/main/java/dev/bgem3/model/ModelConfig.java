package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.json.JsonObject;
import dev.bgem3.text.Messages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * The sizes that {@code config.json} gives; every one comes from there.
 *
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
 *            the row of the position table for a text's first token: {@code pad_token_id} + 1 for {@code model_type}
 *            {@code xlm-roberta}, 0 for {@code bert}, which multilingual-e5-small is
 */
public record ModelConfig(int hiddenSize, int layerCount, int headCount, int intermediateSize, int vocabSize,
        int maxPositions, int typeVocabSize, float layerNormEps, int firstPosition) {
    /** The file's name in a model folder. */
    public static final String FILE_NAME = "config.json";

    /** Larger than any encoder's. */
    private static final int MOST_SIZE = 65_536;
    /** The most numbers of a matrix that the kernels lay out: with their padding still inside an int. */
    static final long MOST_ELEMENTS = 1L << 30;
    private static final int MOST_ROWS = 16_777_216;
    private static final int MOST_LAYERS = 1_024;

    /** The most tokens of a text, {@code <s>} and {@code </s>} included. */
    public int maxTokens() {
        return maxPositions - firstPosition;
    }

    /** Whether its {@code model_type} is {@code bert}, whose positions begin at 0. */
    public boolean isBert() {
        return firstPosition == 0;
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

    /** The sizes in the object that {@code file} holds. */
    static ModelConfig of(Path file, JsonObject json) {
        // A BERT is the same encoder but for its positions; which tokenizer it has is another file's matter.
        String type = expect(file, json, "model_type", List.of("xlm-roberta", "bert"), true);
        expect(file, json, "hidden_act", List.of("gelu"), true);
        expect(file, json, "position_embedding_type", List.of("absolute"), false);
        int hiddenSize = size(file, json, "hidden_size", 1, MOST_SIZE);
        int headCount = size(file, json, "num_attention_heads", 1, MOST_SIZE);
        if (hiddenSize % headCount != 0) {
            throw new ModelException(file + ": num_attention_heads: " + headCount
                    + " (expected: a divisor of hidden_size, " + hiddenSize + ")");
        }
        int intermediateSize = size(file, json, "intermediate_size", 1, MOST_SIZE);
        tooLarge(hiddenSize, intermediateSize).ifPresent(fault -> {
            throw new ModelException(file + ": " + fault);
        });
        int vocabSize = size(file, json, "vocab_size", 5, MOST_ROWS);
        int padTokenId = json.integer("pad_token_id").isPresent()
                ? size(file, json, "pad_token_id", 0, vocabSize - 1)
                : 1;
        int firstPosition = type.equals("bert") ? 0 : padTokenId + 1;
        int maxPositions = size(file, json, "max_position_embeddings", firstPosition + 2, MOST_ROWS);
        int typeVocabSize = json.integer("type_vocab_size").isPresent()
                ? size(file, json, "type_vocab_size", 1, 1_024)
                : 1;
        return new ModelConfig(hiddenSize, size(file, json, "num_hidden_layers", 1, MOST_LAYERS), headCount,
                intermediateSize, vocabSize, maxPositions, typeVocabSize, epsilon(file, json),
                firstPosition);
    }

    /**
     * What is wrong with the sizes of a layer's largest matrices, [3·C, C] and [F, C]; the tables are only
     * mapped.
     */
    public static Optional<String> tooLarge(int hiddenSize, int intermediateSize) {
        String most = " (expected: a product of at most " + MOST_ELEMENTS + ")";
        if (3L * hiddenSize * hiddenSize > MOST_ELEMENTS) {
            return Optional.of("hidden_size: 3 · " + hiddenSize + " · " + hiddenSize + most);
        }
        if ((long) hiddenSize * intermediateSize > MOST_ELEMENTS) {
            return Optional
                    .of("hidden_size, intermediate_size: " + hiddenSize + " · " + intermediateSize + most);
        }
        return Optional.empty();
    }

    private static String expect(Path file, JsonObject json, String key, List<String> expected,
            boolean required) {
        String found = json.string(key).orElse(required ? "" : expected.getFirst());
        if (!expected.contains(found)) {
            throw new ModelException(file + ": " + key + ": "
                    + (json.string(key).isPresent() ? "\"" + Messages.printable(found) + "\"" : "absent")
                    + " (expected: \""
                    + String.join("\" or \"", expected)
                    + "\")");
        }
        return found;
    }

    private static int size(Path file, JsonObject json, String key, int least, int most) {
        OptionalLong value = json.integer(key);
        if (value.isEmpty()) {
            throw new ModelException(file + ": " + key + ": absent (expected: " + least + ".." + most + ")");
        }
        if (value.getAsLong() < least || value.getAsLong() > most) {
            throw new ModelException(
                    file + ": " + key + ": " + value.getAsLong() + " (expected: " + least + ".." + most
                            + ")");
        }
        return (int) value.getAsLong();
    }

    private static float epsilon(Path file, JsonObject json) {
        OptionalDouble value = json.number("layer_norm_eps");
        double epsilon = value.orElse(1e-12); // The default of the reference's configuration class.
        if (!((float) epsilon > 0 && epsilon < 1)) { // Too small a one is 0 in fp32, and divides by 0.
            throw new ModelException(file + ": layer_norm_eps: " + epsilon + " (expected: above 0, below 1)");
        }
        return (float) epsilon;
    }
}
