package dev.bgem3.convert;

import dev.bgem3.error.InputException;
import dev.bgem3.error.ModelException;
import dev.bgem3.json.Json;
import dev.bgem3.json.JsonNumber;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonString;
import dev.bgem3.json.JsonValue;
import dev.bgem3.model.FolderLayout;
import dev.bgem3.model.HeadTensors;
import dev.bgem3.model.ModelConfig;
import dev.bgem3.model.ModelFamily;
import dev.bgem3.model.TensorTable;
import dev.bgem3.model.WeightFormat;
import dev.bgem3.safetensors.SafetensorsWriter;
import dev.bgem3.safetensors.TensorSink;
import dev.bgem3.tokenizer.Tokenizer;
import dev.bgem3.tokenizer.TokenizerException;
import dev.bgem3.weights.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Writes random models of any size in BGE-M3's layout for benchmarks and size tests; their results are
 * meaningless.
 */
public final class SyntheticModel {
    /** {@code initializer_range} of XLM-RoBERTa: the standard deviation of its weights before training. */
    private static final double DEVIATION = 0.02;
    /** The family of BGE-M3. */
    private static final ModelFamily FAMILY = ModelFamily.XLM_ROBERTA;

    private SyntheticModel() {}

    /**
     * The sizes of a model.
     *
     * @param layers
     *            the encoder's layers
     * @param hidden
     *            the dimension of its vectors, a multiple of {@code heads}
     * @param heads
     *            attention heads
     * @param intermediate
     *            width of the feed-forward part
     * @param vocab
     *            the number of token ids, including special ones; at least 8
     * @param maxPositions
     *            rows of the position table: two more than the maximum number of tokens of a text
     */
    public record Sizes(int layers, int hidden, int heads, int intermediate, int vocab, int maxPositions) {
        /** Returns BGE-M3's own sizes: 568 million weights, 1.1 GB in fp16. */
        public static Sizes bgeM3() {
            return new Sizes(24, 1024, 16, 4096, 250_002, 8194);
        }

        /** Checks each size. */
        public Sizes {
            check("layers", layers, 1, 1_024);
            check("hidden", hidden, 1, 65_536);
            check("heads", heads, 1, hidden);
            check("intermediate", intermediate, 1, 65_536);
            check("vocab", vocab, SyntheticVocabulary.MIN_SIZE, 16_000_000);
            check("maxPositions", maxPositions, 4, 16_000_000);
            if (hidden % heads != 0) {
                throw new IllegalArgumentException(
                        "heads: " + heads + " (expected: a divisor of hidden, " + hidden + ")");
            }
            ModelConfig.tooLarge(hidden, intermediate).ifPresent(fault -> {
                throw new IllegalArgumentException(fault);
            });
        }

        private static void check(String name, int value, int least, int most) {
            if (value < least || value > most) {
                throw new IllegalArgumentException(
                        name + ": " + value + " (expected: " + least + ".." + most + ")");
            }
        }
    }

    /**
     * Writes a model in fp16; the same sizes and seed give the same bytes.
     *
     * {@snippet file="dev/bgem3/sample/ConvertSamplesTest.java" region="synthesise"}
     *
     * @param folder
     *            the folder to write, new or empty; its files appear only when all of them are complete
     * @param tokenizerFolder
     *            the folder whose tokenizer files are copied; without one, the model gets a made-up
     *            vocabulary of its size
     * @throws InputException
     *             if the tokenizer's size is not {@code sizes.vocab()}
     * @throws ModelException
     *             if the tokenizer cannot be read or the folder cannot be written
     */
    public static void write(Path folder, Sizes sizes, long seed, Optional<Path> tokenizerFolder) {
        write(folder, sizes, seed, tokenizerFolder, WriteListener.NONE);
    }

    /**
     * Writes a model and reports progress to a listener.
     *
     * @param listener
     *            receives the progress; an exception from it ends the writing and leaves nothing behind
     */
    public static void write(Path folder, Sizes sizes, long seed, Optional<Path> tokenizerFolder,
            WriteListener listener) {
        Objects.requireNonNull(folder, "folder");
        Objects.requireNonNull(sizes, "sizes");
        Objects.requireNonNull(tokenizerFolder, "tokenizerFolder");
        Objects.requireNonNull(listener, "listener");
        tokenizerFolder.ifPresent(tokenizer -> checkTokenizer(tokenizer, sizes));
        ModelConfig config = new ModelConfig(FAMILY, sizes.hidden, sizes.layers, sizes.heads,
                sizes.intermediate, sizes.vocab, sizes.maxPositions, 1, 1e-5f, 2);
        List<SafetensorsWriter.Source> sources = Stream
                .of(FAMILY.tensors(config), HeadTensors.colbert(sizes.hidden, sizes.hidden),
                        HeadTensors.sparse(sizes.hidden))
                .flatMap(TensorTable::tensors)
                .map(tensor -> new SafetensorsWriter.Source(tensor.name(), DType.F16, tensor.shape(),
                        sink -> fill(tensor, new SplittableRandom(seed * 31 + tensor.name().hashCode()),
                                sink)))
                .toList();
        FolderWriter.write(folder, part -> {
            SafetensorsWriter.write(part.resolve(WeightFormat.SAFETENSORS.fileName()), sources,
                    listener::onWritten);
            Files.writeString(part.resolve(ModelConfig.FILE_NAME), configuration(sizes));
            if (tokenizerFolder.isPresent()) {
                SideFiles.copyTokenizer(FolderLayout.of(tokenizerFolder.get()), part);
            } else {
                Files.write(part.resolve(Tokenizer.SENTENCEPIECE_FILE),
                        SyntheticVocabulary.model(sizes.vocab));
            }
        });
    }

    private static void checkTokenizer(Path folder, Sizes sizes) {
        try {
            int size = Tokenizer.load(folder).vocabSize();
            if (size != sizes.vocab) {
                throw new InputException(
                        folder + ": a tokenizer of " + size + " token ids (expected: " + sizes.vocab
                                + ", the vocab)");
            }
        } catch (TokenizerException e) {
            throw new ModelException(e.getMessage(), e);
        }
    }

    /** Writes the identity for layer norms, and uniform numbers within ±√3 deviations for all others. */
    private static void fill(TensorTable.TensorSpec tensor, SplittableRandom random, TensorSink sink)
            throws IOException {
        long[] shape = tensor.shape();
        int columns = (int) shape[shape.length - 1];
        long rows = shape.length == 1 ? 1 : shape[0];
        double center = tensor.ofNorm() && !tensor.bias() ? 1 : 0;
        double halfWidth = tensor.ofNorm() ? 0 : Math.sqrt(3) * DEVIATION;
        float[] row = new float[columns];
        for (long i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                // 24 random bits make a number in [−1, 1).
                row[j] = (float) (center + halfWidth * ((random.nextInt() >> 8) * 0x1p-23));
            }
            sink.floats(row, 0, columns);
        }
    }

    private static String configuration(Sizes sizes) {
        SequencedMap<String, JsonValue> members = new LinkedHashMap<>();
        members.put("model_type", new JsonString(FAMILY.modelType()));
        members.put("hidden_act", new JsonString("gelu"));
        members.put("hidden_size", JsonNumber.of(sizes.hidden));
        members.put("num_hidden_layers", JsonNumber.of(sizes.layers));
        members.put("num_attention_heads", JsonNumber.of(sizes.heads));
        members.put("intermediate_size", JsonNumber.of(sizes.intermediate));
        members.put("vocab_size", JsonNumber.of(sizes.vocab));
        members.put("max_position_embeddings", JsonNumber.of(sizes.maxPositions));
        members.put("type_vocab_size", JsonNumber.of(1));
        members.put("layer_norm_eps", new JsonNumber("1e-05"));
        members.put("pad_token_id", JsonNumber.of(1));
        members.put("bos_token_id", JsonNumber.of(0));
        members.put("eos_token_id", JsonNumber.of(2));
        members.put("torch_dtype", new JsonString("float16"));
        return Json.write(new JsonObject(members)) + "\n";
    }
}
