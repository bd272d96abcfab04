package dev.bgem3;

import static dev.bgem3.Goldens.floats;
import static dev.bgem3.Goldens.strings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.bgem3.convert.ModelConverter;
import dev.bgem3.convert.WeightType;
import dev.bgem3.convert.WriteListener;
import dev.bgem3.error.ModelException;
import dev.bgem3.json.Json;
import dev.bgem3.json.JsonArray;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonString;
import dev.bgem3.json.JsonValue;
import dev.bgem3.safetensors.SafetensorsFiles;
import dev.bgem3.safetensors.SafetensorsReader;
import dev.bgem3.safetensors.SafetensorsWriter;
import dev.bgem3.weights.DType;
import dev.bgem3.weights.StoredTensor;
import dev.bgem3.testsupport.DefaultKernels;
import dev.bgem3.weights.TensorFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tests LoRA adapters against peft, which computes them beside the base model without merging ({@code
 * src/reference/folder_fixtures.py}).
 *
 * <p>
 * The bound is that of {@link SentenceTransformersTest}, doubled because the order of the sums differs in
 * each layer that has an adapter; the reranker's scores are near 3, of which it is the same part.
 */
class LoraAdapterTest {
    private static final float BOUND = 1e-5f;
    private static final JsonObject GOLDENS = Goldens.read("folder-goldens.json");
    private static final List<String> TEXTS = strings(GOLDENS.array("texts").orElseThrow());
    private static final Path ADAPTERS = Fixtures.FOLDER.resolve("tiny-lora");
    private static final String CONFIG = "adapter_config.json";
    private static final String WEIGHTS = "adapter_model.safetensors";
    private static final String QUERY = "base_model.model.encoder.layer.0.attention.self.query";

    @TempDir
    private Path folder;

    private static void copy(Path from, Path to) {
        try (Stream<Path> files = Files.list(from)) {
            Files.createDirectories(to);
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The adapter beside a copy of its base model. */
    private Path beside(String adapter, Path base) {
        copy(base, folder);
        copy(ADAPTERS.resolve(adapter), folder);
        return folder;
    }

    private static void assertGolden(String golden, Path path, LoadOptions options) {
        List<JsonValue> rows = GOLDENS.object(golden).orElseThrow().array("dense").orElseThrow().elements();
        try (BgeM3 model = BgeM3.load(path, options)) {
            List<Embedding> embeddings = model.encode(TEXTS);
            for (int i = 0; i < TEXTS.size(); i++) {
                float[] row = floats((JsonArray) rows.get(i));
                float[] actual = embeddings.get(i).dense().values();
                for (int j = 0; j < row.length; j++) {
                    assertThat(Math.abs(actual[j] - row[j])).as("%s %s [%s]", golden, i, j)
                            .isLessThanOrEqualTo(BOUND);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.bgem3.Fixtures#availableKernels")
    void computesWhatPeftDoes(String kernels) {
        LoadOptions options = LoadOptions.builder().kernels(KernelKind.of(kernels)).build();
        // Each names its base model by a path that counts from the adapter.
        assertGolden("lora", ADAPTERS.resolve("plain"), options);
        assertGolden("lora_patterns", ADAPTERS.resolve("patterns"), options);
    }

    @Test
    void readsAnAdapterBesideItsBase() {
        assertGolden("lora_patterns", beside("patterns", Fixtures.TINY), LoadOptions.defaults());
    }

    @Test
    void readsAnAdapterBesideABaseWithAPrefixInItsNames() {
        ModelVariant.ofTiny().prefix("roberta.").write(folder);
        copy(ADAPTERS.resolve("plain"), folder);
        assertGolden("lora", folder, LoadOptions.defaults());
    }

    @Test
    void scoresPairsAsPeftDoes() {
        float[] expected = floats(
                GOLDENS.object("lora_reranker").orElseThrow().array("scores").orElseThrow());
        List<TextPair> pairs = GOLDENS.array("pairs").orElseThrow().elements().stream()
                .map(pair -> strings((JsonArray) pair)).map(pair -> new TextPair(pair.get(0), pair.get(1)))
                .toList();
        try (Reranker model = Reranker.load(ADAPTERS.resolve("reranker"))) {
            float[] scores = model.computeScore(pairs);
            for (int i = 0; i < expected.length; i++) {
                assertThat(Math.abs(scores[i] - expected[i])).as("pair %d", i)
                        .isLessThanOrEqualTo(BOUND * Math.max(1, Math.abs(expected[i])));
            }
            assertThat(model.info().adapter()).isPresent();
        }
    }

    @Test
    void takesFromTheBaseWhatTheAdaptersFolderLacks() throws IOException {
        copy(ADAPTERS.resolve("plain"), folder);
        config(members -> put(members, "base_model_name_or_path",
                Json.write(new JsonString(Fixtures.TINY.toString()))));
        assertGolden("lora", folder, LoadOptions.defaults());
        try (BgeM3 model = BgeM3.load(folder)) {
            assertThat(model.info().folder()).isEqualTo(folder);
            assertThat(model.info().outputs()).hasSize(3);
            assertThat(model.info().weightFiles()).containsExactly("pytorch_model.bin", WEIGHTS,
                    "sparse_linear.pt", "colbert_linear.pt");
            assertThat(model.info().adapter()).contains("LoRA of rank 4 on 6 weights, from " + folder);
        }
        Files.createDirectory(folder.resolve("1_Pooling"));
        Files.writeString(folder.resolve("1_Pooling/config.json"), "{\"pooling_mode\": \"mean\"}");
        try (BgeM3 model = BgeM3.load(folder)) {
            assertThat(model.info().pooling()).isEqualTo(Pooling.MEAN);
        }
        assertThat(ModelFiles.missing(folder)).isEmpty();
    }

    @Test
    void saysWhereItLookedForTheBase() throws IOException {
        copy(ADAPTERS.resolve("plain"), folder);
        config(members -> put(members, "base_model_name_or_path", "\"acme/base\""));
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessageStartingWith(folder.resolve(CONFIG)
                        + ": an adapter without its base model, and base_model_name_or_path: "
                        + "\"acme/base\" is not there; looked for the folders [")
                .withMessageContaining("models--acme--base")
                .withMessageEndingWith("bgem3 download acme/base fetches it)");
        Path other = folder.resolve("other");
        copy(ADAPTERS.resolve("plain"), other);
        config(members -> put(members, "base_model_name_or_path", "\"other\""));
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessageContaining(", is an adapter itself (expected: a whole model)");
        Files.delete(other.resolve(CONFIG));
        Files.delete(other.resolve(WEIGHTS));
        copy(Fixtures.TINY, other);
        Files.delete(folder.resolve(WEIGHTS));
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessage(folder.resolve(CONFIG) + ": an adapter without weights (expected: "
                        + "adapter_model.safetensors or adapter_model.bin beside it)");
    }

    @Test
    void writesTheMergedWeightsWhenConverting() {
        Path copy = folder.resolve("copy");
        ModelConverter.convert(ADAPTERS.resolve("patterns"), copy, WeightType.FP32);
        assertGolden("lora_patterns", copy, LoadOptions.defaults());
        try (BgeM3 model = BgeM3.load(copy); BgeM3 source = BgeM3.load(ADAPTERS.resolve("patterns"))) {
            assertThat(model.info().adapter()).isEmpty();
            Embeddings.assertSameBits("merged", model.encode("panda", Embeddings.ALL),
                    source.encode("panda", Embeddings.ALL));
        }
    }

    /** Neither the base's packed weights nor those with another alpha may be used for an adapter. */
    @DefaultKernels
    @Test
    void keepsPackedWeightsApart() throws IOException {
        copy(Fixtures.TINY, folder);
        PackedWeights.write(folder, Precision.FP32, WriteListener.NONE);
        copy(ADAPTERS.resolve("plain"), folder);
        assertGolden("lora", folder, LoadOptions.defaults());
        PackedWeights.write(folder, Precision.FP32, WriteListener.NONE);
        assertGolden("lora", folder, LoadOptions.defaults());
        float[] before = dense();
        config(members -> put(members, "lora_alpha", "9"));
        assertThat(dense()).isNotEqualTo(before);
        config(members -> put(members, "lora_alpha", "8"));
        assertThat(dense()).isEqualTo(before);
        Files.delete(folder.resolve(CONFIG));
        try (BgeM3 model = BgeM3.load(folder); BgeM3 base = BgeM3.load(Fixtures.TINY)) {
            assertThat(model.encode("panda").dense()).isEqualTo(base.encode("panda").dense());
        }
    }

    private float[] dense() {
        try (BgeM3 model = BgeM3.load(folder)) {
            return model.encode("panda").dense().values();
        }
    }

    private void config(UnaryOperator<SequencedMap<String, JsonValue>> change) throws IOException {
        Path file = folder.resolve(CONFIG);
        JsonObject json = (JsonObject) Json.parse(Files.readAllBytes(file));
        Files.writeString(file,
                Json.write(new JsonObject(change.apply(new LinkedHashMap<>(json.members())))));
    }

    private static SequencedMap<String, JsonValue> put(SequencedMap<String, JsonValue> members, String key,
            String json) {
        members.put(key, Json.parse(json.getBytes(StandardCharsets.UTF_8)));
        return members;
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
            "peft_type; \"LOHA\"; peft_type: \"LOHA\" (expected: \"LORA\")",
            "bias; \"all\"; bias: \"all\" (expected: \"none\")",
            "use_dora; true; use_dora: true (expected: not set, since it is not merged here)",
            "fan_in_fan_out; true; fan_in_fan_out: true (expected: not set, since it is not merged here)",
            "modules_to_save; [\"classifier\"]; modules_to_save: an array (expected: not set, since it is "
                    + "not merged here)",
            "layers_to_transform; [1]; layers_to_transform: an array (expected: not set, since it is not "
                    + "merged here)",
            "layer_replication; [[0, 2]]; layer_replication: an array (expected: not set, since it is not "
                    + "merged here)",
            "lora_bias; true; lora_bias: true (expected: not set, since it is not merged here)",
            "some_new_method; {\"a\": 1}; some_new_method: an object (expected: not set, since it is not "
                    + "merged here)",
            "init_lora_weights; \"pissa\"; init_lora_weights: \"pissa\" (expected: one that leaves the base "
                    + "model as it is: true, false or [eva, gaussian, orthogonal])",
            "r; 0; r: 0 (expected: 1..65536)", "lora_alpha; null; lora_alpha: absent",
            "target_modules; 3; target_modules: 3 (expected: a list of names, or a string)",
            "target_modules; \"(\"; target_modules: \"(\" (expected: a regular expression): Unclosed group",
            "rank_pattern; {\"query\": 1.5}; rank_pattern: 1.5 (expected: 1..65536)"})
    void namesWhatItDoesNotMerge(String key, String value, String message) throws IOException {
        beside("plain", Fixtures.TINY);
        config(members -> put(members, key, value));
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessage(folder.resolve(CONFIG) + ": " + message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {"target_modules; \"all-linear\"", "target_modules; null",
            "target_modules; \".*\\\\.self\\\\.(query|value)\"",
            "target_modules; [\"self.query\", \"value\"]",
            "use_dora; null", "init_lora_weights; \"gaussian\"", "lora_dropout; 0.1", "revision; \"main\""})
    void mergesWhatIsOnlySaidOtherwise(String key, String value) throws IOException {
        beside("plain", Fixtures.TINY);
        config(members -> put(members, key, value));
        assertGolden("lora", folder, LoadOptions.defaults());
    }

    private void rename(UnaryOperator<String> names, long... shapeOfFirst) throws IOException {
        beside("plain", Fixtures.TINY);
        List<SafetensorsWriter.Source> sources = new ArrayList<>();
        Path file = folder.resolve(WEIGHTS);
        try (TensorFile tensors = SafetensorsReader.open(ADAPTERS.resolve("plain").resolve(WEIGHTS))) {
            for (StoredTensor tensor : tensors.tensors().values()) {
                String name = names.apply(tensor.name());
                if (name != null) {
                    long[] shape = name.startsWith(QUERY) && name.contains("lora_A")
                            && shapeOfFirst.length > 0
                                    ? shapeOfFirst
                                    : tensor.shape();
                    float[] values = tensor.toFloats();
                    sources.add(new SafetensorsWriter.Source(name, DType.F32, shape,
                            sink -> sink.floats(values, 0, (int) (shape[0] * shape[1]))));
                }
            }
            Files.delete(file);
            SafetensorsFiles.write(file, sources);
        }
    }

    private void assertRefused(String tensor, String message) {
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessageStartingWith(folder.resolve(WEIGHTS) + ": tensor \"" + tensor)
                .withMessageContaining(message);
    }

    @Test
    void namesATensorOfSomethingElse() throws IOException {
        rename(name -> name.startsWith(QUERY) ? name.replace("lora_A", "lora_embedding_A") : name);
        assertRefused(QUERY + ".lora_embedding_A", "(expected: lora_A and lora_B of linear layers alone)");
    }

    @Test
    void namesAFactorOfALayerThatTheBaseLacks() throws IOException {
        rename(name -> name.replace("layer.0.attention.self.query", "layer.7.attention.self.query"));
        assertRefused("base_model.model.encoder.layer.7.attention.self.query.lora_A",
                "(expected: the factors of a linear layer of the base model)");
    }

    @Test
    void namesAFactorThatIsNoTarget() throws IOException {
        rename(name -> name.replace("layer.0.attention.self.query", "layer.0.attention.self.key"));
        assertRefused("base_model.model.encoder.layer.0.attention.self.key.lora_",
                "(expected: factors of target_modules in adapter_config.json alone)");
    }

    @Test
    void namesAFactorWithoutItsOther() throws IOException {
        rename(name -> name.startsWith(QUERY) && name.contains("lora_B") ? null : name);
        assertRefused(QUERY + ".lora_B.weight", ": missing (expected: it, beside lora_A)");
    }

    @Test
    void namesAFactorOfAnotherRank() throws IOException {
        rename(name -> name, 3, 128);
        assertRefused(QUERY + ".lora_A.weight", "[3, 128] (expected: [4, 128] of F32");
    }

    @Test
    void ignoresThePoolerOfTheBase() throws IOException {
        rename(name -> name.startsWith(QUERY) ? name.replace(QUERY, "base_model.model.pooler.dense") : name);
        config(members -> put(members, "target_modules", "\"all-linear\""));
        try (BgeM3 model = BgeM3.load(folder)) {
            assertThat(model.info().adapter()).contains("LoRA of rank 4 on 5 weights, from " + folder);
        }
    }

    @Test
    void choosesTheFilesOfAnAdaptersRepository() {
        assertThat(ModelFiles.choose(List.of("README.md", CONFIG, WEIGHTS, "tokenizer.json", "optimizer.pt")))
                .containsExactly(CONFIG, WEIGHTS, "tokenizer.json");
    }
}
