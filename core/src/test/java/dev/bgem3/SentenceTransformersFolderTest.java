package dev.bgem3;

import static dev.bgem3.Goldens.floats;
import static dev.bgem3.Goldens.ints;
import static dev.bgem3.Goldens.strings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.bgem3.convert.ModelConverter;
import dev.bgem3.convert.WeightType;
import dev.bgem3.error.InputException;
import dev.bgem3.error.ModelException;
import dev.bgem3.json.Json;
import dev.bgem3.json.JsonArray;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonValue;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests the layouts of sentence-transformers' folders: an encoder below the folder, Dense modules and lower
 * case. The vectors are those of sentence-transformers ({@code src/reference/folder_fixtures.py}), with the
 * bound of {@link SentenceTransformersTest}.
 */
class SentenceTransformersFolderTest {
    private static final float BOUND = 5e-6f;
    private static final JsonObject GOLDENS = Goldens.read("folder-goldens.json");
    private static final List<String> TEXTS = strings(GOLDENS.array("texts").orElseThrow());
    private static final Path DENSE = Fixtures.FOLDER.resolve("tiny-dense");
    private static final String MEAN = "{\"pooling_mode_mean_tokens\": true}";

    @TempDir
    private Path folder;

    private static String modules(String encoder, String... others) {
        StringBuilder modules = new StringBuilder(
                "[{\"path\": \"" + encoder + "\", \"type\": \"sentence_transformers.models.Transformer\"}");
        for (String path : others) {
            modules.append(", {\"path\": \"").append(path)
                    .append("\", \"type\": \"sentence_transformers.models.")
                    .append(path.substring(path.indexOf('_') + 1)).append("\"}");
        }
        return modules.append("]").toString();
    }

    private void write(String file, String content) throws IOException {
        Path path = folder.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, content);
    }

    private Path subfolder(String path) throws IOException {
        ModelVariant.ofTiny().write(folder.resolve(path));
        write("modules.json", modules(path, "1_Pooling", "2_Normalize"));
        write("1_Pooling/config.json", MEAN);
        return folder;
    }

    private static void assertGolden(String golden, Path model) {
        assertGolden(golden, model, LoadOptions.defaults());
    }

    private static void assertGolden(String golden, Path path, LoadOptions options) {
        JsonObject expected = GOLDENS.object(golden).orElseThrow();
        try (BgeM3 model = BgeM3.load(path, options)) {
            List<Embedding> embeddings = model.encode(TEXTS);
            List<JsonValue> rows = expected.array("dense").orElseThrow().elements();
            List<JsonValue> ids = expected.array("ids").orElseThrow().elements();
            for (int i = 0; i < TEXTS.size(); i++) {
                assertThat(model.tokenizer().encode(TEXTS.get(i)).ids()).as(TEXTS.get(i))
                        .isEqualTo(ints((JsonArray) ids.get(i)));
                float[] row = floats((JsonArray) rows.get(i));
                float[] actual = embeddings.get(i).dense().values();
                assertThat(actual).as(golden).hasSameSizeAs(row);
                for (int j = 0; j < row.length; j++) {
                    assertThat(Math.abs(actual[j] - row[j])).as("%s %s [%s]", golden, i, j)
                            .isLessThanOrEqualTo(BOUND);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0_Transformer", "0_XLMRobertaModel", "parts/encoder"})
    void readsTheEncoderInTheFolderThatTheModulesName(String path) throws IOException {
        assertGolden("subfolder", subfolder(path));
        assertThat(ModelFiles.missing(folder)).isEmpty();
    }

    /** sentence-transformers before 2.0 left a configuration of its own there. */
    @Test
    void passesOverTheRootsOldConfiguration() throws IOException {
        subfolder("0_Transformer");
        write("config.json", "{\"__version__\": \"0.2.5\"}");
        assertGolden("subfolder", folder);
    }

    @Test
    void readsAModuleByItselfWithTheSettingsAboveIt() throws IOException {
        Path encoder = subfolder("0_Transformer").resolve("0_Transformer");
        assertGolden("subfolder", encoder);
        assertGolden("subfolder", encoder.resolve("../0_Transformer/."));
        assertGolden("subfolder", Path.of("").toAbsolutePath().relativize(encoder.toAbsolutePath()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "[{\"path\": \"other\", \"type\": \"x.Transformer\"}]", "no JSON"})
    void passesOverAListAboveThatIsNotTheModels(String list) throws IOException {
        ModelVariant.ofTiny().write(folder.resolve("model"));
        write("modules.json", list);
        write("1_Pooling/config.json", MEAN);
        try (BgeM3 model = BgeM3.load(folder.resolve("model"))) {
            assertThat(model.info().pooling()).isEqualTo(Pooling.CLS);
        }
    }

    @Test
    void namesTheFolderThatTheModulesName() throws IOException {
        Path encoder = subfolder("0_Transformer").resolve("0_Transformer");
        Files.delete(encoder.resolve("config.json"));
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessage(encoder.resolve("config.json")
                        + ": no such file (expected: the model's configuration)");
        assertThat(ModelFiles.missing(folder)).containsExactly("0_Transformer/config.json");
    }

    @Test
    void namesThePoolingThatTheModulesNameAndIsNotThere() throws IOException {
        Files.delete(subfolder("0_Transformer").resolve("1_Pooling/config.json"));
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessage(folder.resolve("1_Pooling/config.json")
                        + ": cannot be read: no such file or folder");
    }

    @Test
    void findsHeadsBesideTheEncoderAndAboveIt() throws IOException {
        Path encoder = subfolder("0_Transformer").resolve("0_Transformer");
        ModelVariant.ofTiny().without(ModelVariant.HEADS).write(encoder);
        Files.copy(Fixtures.TINY.resolve("sparse_linear.pt"), encoder.resolve("sparse_linear.pt"));
        Files.copy(Fixtures.TINY.resolve("colbert_linear.pt"), folder.resolve("colbert_linear.pt"));
        try (BgeM3 model = BgeM3.load(folder)) {
            assertThat(model.info().outputs()).hasSize(3);
            assertThat(model.info().weightFiles()).containsExactly("0_Transformer/model.safetensors",
                    "0_Transformer/sparse_linear.pt", "colbert_linear.pt");
        }
    }

    private Path withDense() throws IOException {
        ModelVariant.ofTiny().file("1_Pooling/config.json", MEAN)
                .file("modules.json", modules("", "1_Pooling", "2_Dense", "3_Dense", "4_Normalize"))
                .write(folder);
        try (Stream<Path> files = Files.walk(DENSE)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = folder.resolve(DENSE.relativize(file).toString());
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        }
        return folder;
    }

    @ParameterizedTest
    @MethodSource("dev.bgem3.Fixtures#availableKernels")
    void computesDenseModules(String kernels) throws IOException {
        assertGolden("dense", withDense(), LoadOptions.builder().kernels(KernelKind.of(kernels)).build());
    }

    @Test
    void describesDenseModules() throws IOException {
        try (BgeM3 model = BgeM3.load(withDense())) {
            assertThat(model.info().denseDimension()).isEqualTo(32);
            assertThat(model.info().hiddenSize()).isEqualTo(128);
            assertThat(model.info().weightFiles()).containsExactly("model.safetensors",
                    "2_Dense/model.safetensors", "3_Dense/pytorch_model.bin");
            assertThat(model.encode("a", EncodeOptions.builder().truncateDim(7).build()).dense().dimension())
                    .isEqualTo(7);
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> model.encode("a", EncodeOptions.builder().truncateDim(33).build()))
                    .withMessage("truncateDim: 33 (expected: 1..32)");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
            "{\"in_features\": 127, \"out_features\": 48}; in_features: 127 (expected: 128, the size of the "
                    + "vectors before it)",
            "{\"out_features\": 48}; in_features: absent (expected: 1..65536)",
            "{\"in_features\": 128, \"out_features\": 48, \"activation_function\": "
                    + "\"torch.nn.modules.activation.ReLU\"}; activation_function: "
                    + "\"torch.nn.modules.activation.ReLU\" (expected: Tanh or Identity of torch.nn)",
            "{\"in_features\": 128, \"out_features\": 48, \"activation_function\": \"mine.Tanh\"}; "
                    + "activation_function: \"mine.Tanh\" (expected: Tanh or Identity of torch.nn)",
            "{\"in_features\": 128, \"out_features\": 48, \"use_residual\": true}; use_residual: true "
                    + "(expected: false, which is computed here)",
            "{\"in_features\": 128, \"out_features\": 48, \"module_input_name\": \"token_embeddings\"}; "
                    + "module_input_name: \"token_embeddings\" (expected: \"sentence_embedding\")"})
    void namesTheSettingOfADenseModuleThatItDoesNotCompute(String json, String message) throws IOException {
        withDense();
        write("2_Dense/config.json", json);
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessage(folder.resolve("2_Dense/config.json") + ": " + message);
    }

    @Test
    void namesTheTensorOfADenseModuleWithAnotherShape() throws IOException {
        withDense();
        write("2_Dense/config.json", "{\"in_features\": 128, \"out_features\": 47}");
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessage(folder.resolve("2_Dense/model.safetensors")
                        + ": tensor \"linear.bias\": shape [48] (expected: [47])");
    }

    @ParameterizedTest
    @ValueSource(strings = {"sentence_bert_config.json", "sentence_roberta_config.json",
            "sentence_xlm-roberta_config.json"})
    void convertsTextsToLowerCase(String file) {
        ModelVariant.ofTiny().file(file, "{\"max_seq_length\": 512, \"do_lower_case\": true}").write(folder);
        assertGolden("lower_case", folder);
        assertThat(ModelFiles.loadTokenizer(folder).encode("PANDA").ids())
                .isEqualTo(ModelFiles.loadTokenizer(Fixtures.TINY).encode("panda").ids());
    }

    @Test
    void lowersTheTextsOfTheDemonstrationModel() throws IOException {
        try (Stream<Path> files = Files.list(Fixtures.MINI)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        write("sentence_bert_config.json", "{\"do_lower_case\": true}");
        EncodeOptions two = EncodeOptions.builder().truncateDim(2).build();
        try (BgeM3 model = BgeM3.load(folder)) {
            float[] vector = model.encode("What is BGE M3?", two).dense().values();
            assertThat(vector[0]).isCloseTo(-0.032666672f, within(1e-5f));
            assertThat(vector[1]).isCloseTo(0.9994663f, within(1e-5f));
            assertThat(vector).isEqualTo(model.encode("what is bge m3?", two).dense().values());
        }
    }

    /** As tokenizers saves it after sentence-transformers has added the step. */
    @Test
    void readsLowerCaseFromTheTokenizerToo() throws IOException {
        JsonObject tokenizer = (JsonObject) Json
                .parse(Files.readAllBytes(Fixtures.TINY.resolve("tokenizer.json")));
        SequencedMap<String, JsonValue> members = new LinkedHashMap<>(tokenizer.members());
        String steps = "{\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"Lowercase\"}, "
                + Json.write(members.get("normalizer")) + "]}";
        members.put("normalizer", Json.parse(steps.getBytes(StandardCharsets.UTF_8)));
        ModelVariant.ofTiny().file("tokenizer.json", Json.write(new JsonObject(members))).write(folder);
        assertGolden("lower_case", folder);
        write("sentence_bert_config.json", "{\"do_lower_case\": true}");
        assertGolden("lower_case", folder);
    }

    @Test
    void keepsItAllWhenConverting() throws IOException {
        subfolder("0_Transformer");
        write("0_Transformer/sentence_bert_config.json", "{\"do_lower_case\": true}");
        assertConvertedIsTheSame(folder);
        Files.createDirectory(folder.resolve("flat"));
        Path dense = folder.resolve("flat");
        folder = dense;
        assertConvertedIsTheSame(withDense());
    }

    private void assertConvertedIsTheSame(Path source) {
        Path copy = source.resolve("copy");
        ModelConverter.convert(source, copy, WeightType.FP32);
        try (BgeM3 model = BgeM3.load(source); BgeM3 other = BgeM3.load(copy)) {
            assertThat(other.encode(TEXTS).stream().map(embedding -> embedding.dense().values()))
                    .containsExactlyElementsOf(
                            model.encode(TEXTS).stream().map(embedding -> embedding.dense().values())
                                    .toList());
        }
    }

    @Test
    void choosesTheFilesOfSuchRepositories() {
        assertThat(ModelFiles.choose(List.of("config.json", "modules.json", "0_Transformer/config.json",
                "0_Transformer/pytorch_model.bin", "0_Transformer/tokenizer.json",
                "0_Transformer/sentence_bert_config.json", "0_Transformer/training_args.bin",
                "1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors",
                "2_Dense/pytorch_model.bin", "onnx/model.onnx", "sparse_linear.safetensors", "README.md")))
                .containsExactly("config.json", "modules.json", "0_Transformer/config.json",
                        "0_Transformer/pytorch_model.bin", "0_Transformer/tokenizer.json",
                        "0_Transformer/sentence_bert_config.json", "1_Pooling/config.json",
                        "2_Dense/config.json", "2_Dense/model.safetensors", "sparse_linear.safetensors");
    }
}
