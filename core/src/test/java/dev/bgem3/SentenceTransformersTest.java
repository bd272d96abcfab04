package dev.bgem3;

import static dev.bgem3.Goldens.floats;
import static dev.bgem3.Goldens.objects;
import static dev.bgem3.Goldens.strings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.bgem3.convert.ModelConverter;
import dev.bgem3.convert.WeightType;
import dev.bgem3.error.InputException;
import dev.bgem3.error.ModelException;
import dev.bgem3.json.JsonArray;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonValue;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tests models with files for sentence-transformers: pooling, prompts and maximum length must be the same as
 * there ({@code src/fixtures/tiny-e5-goldens.json}).
 *
 * <p>
 * The bound is that for the hidden states in {@link RerankerGoldenTest}, 2e-6, and some more for sharper
 * attention: vectors have length 1 and numbers of about 1/√64.
 */
class SentenceTransformersTest {
    private static final float BOUND = 5e-6f;
    private static final JsonObject GOLDENS = Goldens.read("tiny-e5-goldens.json");
    private static final List<String> TEXTS = strings(GOLDENS.array("texts").orElseThrow());
    private static final String PROMPTS = "config_sentence_transformers.json";

    @TempDir
    private Path folder;

    @ParameterizedTest
    @MethodSource("dev.bgem3.Fixtures#availableKernels")
    void encodesWithTheModelsPrompts(String kernels) {
        try (BgeM3 model = BgeM3.load(Fixtures.E5,
                LoadOptions.builder().kernels(KernelKind.of(kernels)).threads(2).build())) {
            for (JsonObject run : objects(GOLDENS, "runs")) {
                List<Embedding> embeddings = switch (run.string("name").orElseThrow()) {
                    case "encode" -> model.encode(TEXTS);
                    case "encode_query" -> model.encodeQueries(TEXTS);
                    case "encode_document" -> model.encodeCorpus(TEXTS);
                    default -> model.encode(TEXTS, EncodeOptions.builder()
                            .instruction(model.info().prompts().get("topic")).build());
                };
                assertClose(run.string("name").orElseThrow(), run.array("dense").orElseThrow(), embeddings);
                List<JsonValue> ids = run.array("ids").orElseThrow().elements();
                for (int i = 0; i < ids.size(); i++) {
                    assertThat(embeddings.get(i).tokenCount())
                            .isEqualTo(((JsonArray) ids.get(i)).elements().size());
                }
            }
            assertThat(model.encode(TEXTS).getLast().truncated()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.bgem3.Fixtures#availableKernels")
    void poolsXlmRobertaAsSentenceTransformersDoes(String kernels) {
        Path mean = ModelVariant.ofTiny()
                .file("1_Pooling/config.json", "{\"pooling_mode_mean_tokens\": true}")
                .write(folder);
        try (BgeM3 model = BgeM3.load(mean, LoadOptions.builder().kernels(KernelKind.of(kernels)).build())) {
            assertClose("mean", GOLDENS.array("tiny_m3_mean").orElseThrow(),
                    model.encode(TEXTS.subList(0, 6)));
        }
    }

    private static void assertClose(String what, JsonArray golden, List<Embedding> embeddings) {
        List<JsonValue> rows = golden.elements();
        assertThat(embeddings).hasSameSizeAs(rows);
        for (int i = 0; i < rows.size(); i++) {
            float[] expected = floats((JsonArray) rows.get(i));
            float[] actual = embeddings.get(i).dense().values();
            for (int j = 0; j < expected.length; j++) {
                assertThat(Math.abs(actual[j] - expected[j])).as("%s %s [%s]", what, i, j)
                        .isLessThanOrEqualTo(BOUND);
            }
        }
    }

    @Test
    void describesTheSettingsInTheFiles() {
        try (BgeM3 model = BgeM3.load(Fixtures.E5)) {
            ModelInfo info = model.info();
            assertThat(info.pooling()).isEqualTo(Pooling.MEAN);
            assertThat(info.outputs()).containsExactly(Output.DENSE);
            assertThat(info.prompts().keySet()).containsExactly("query", "passage", "topic");
            assertThat(info.maxLength()).isEqualTo(128); // A BERT, whose positions start at 0.
            assertThat(info.defaultMaxLength()).isEqualTo(96);
            assertThat(info.isReranker()).isFalse();
            String text = "word ".repeat(300);
            assertThat(model.encode(text).tokenCount()).isEqualTo(96);
            assertThat(model.encode(text, EncodeOptions.builder().maxLength(128).build()).tokenCount())
                    .isEqualTo(128);
            int[] ids = model.tokenizer().encode(text, 120).ids();
            assertThat(model.encodeTokenIds(List.of(ids), EncodeOptions.defaults()).getFirst().tokenCount())
                    .isEqualTo(120);
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> model.encode(text, EncodeOptions.builder().maxLength(129).build()))
                    .withMessage("maxLength: 129 (expected: 2..128, the model's limit)");
        }
    }

    @Test
    void prefersTheInstructionsOfCallsAndLoadOptionsToPrompts() {
        try (BgeM3 model = BgeM3.load(Fixtures.E5);
                BgeM3 instructed = BgeM3.load(Fixtures.E5,
                        LoadOptions.builder().queryInstruction("Q: ").build())) {
            float[] plain = model.encode("panda").dense().values();
            float[] queried = model.encode("query: panda").dense().values();
            EncodeOptions none = EncodeOptions.builder().instruction("").build();
            assertThat(model.encodeQueries("panda").dense().values()).isEqualTo(queried).isNotEqualTo(plain);
            assertThat(model.encodeQueries("panda", none).dense().values()).isEqualTo(plain);
            assertThat(instructed.encodeQueries("panda").dense().values())
                    .isEqualTo(model.encode("Q: panda").dense().values());
            assertThat(instructed.encodeCorpus("panda").dense().values())
                    .isEqualTo(model.encode("passage: panda").dense().values());
        }
    }

    @Test
    void usesTheDefaultPromptIfThereIsNoOther() {
        Path path = ModelVariant.ofTiny().file(PROMPTS,
                "{\"prompts\": {\"query\": \"Q \", \"corpus\": \"C \", \"document\": \"\", \"x\": \"X \", "
                        + "\"no\": null}, \"default_prompt_name\": \"x\"}")
                .write(folder.resolve("all"));
        Path fewer = ModelVariant.ofTiny().file(PROMPTS,
                "{\"prompts\": {\"x\": \"X \"}, \"default_prompt_name\": \"x\"}")
                .write(folder.resolve("fewer"));
        try (BgeM3 plain = BgeM3.load(Fixtures.TINY);
                BgeM3 model = BgeM3.load(path);
                BgeM3 other = BgeM3.load(fewer)) {
            assertThat(model.info().prompts()).doesNotContainKey("no");
            assertThat(List.of(model.encode("a"), model.encodeQueries("a"), model.encodeCorpus("a"),
                    other.encode("a"), other.encodeQueries("a"), other.encodeCorpus("a")).stream()
                    .map(embedding -> embedding.dense().values()))
                    .containsExactlyElementsOf(plain.encode(List.of("X a", "Q a", "a", "X a", "X a", "X a"))
                            .stream().map(embedding -> embedding.dense().values()).toList());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
            "modules.json; {}; not a JSON array",
            "modules.json; [1]; module 0: 1 (expected: an object)",
            "modules.json; [{\"path\": \"../1\", \"type\": \"x.Pooling\"}]; module 0: path: \"../1\" "
                    + "(expected: a folder in that of modules.json)",
            "modules.json; [{\"path\": \"/1\", \"type\": \"x.Transformer\"}]; module 0: path: \"/1\" "
                    + "(expected: a folder in that of modules.json)",
            "modules.json; [{\"path\": \"\", \"type\": \"x.Pooling\"}]; module 0: path: \"\" "
                    + "(expected: the name of a folder)",
            "modules.json; [{\"path\": \"\", \"type\": \"x.Transformer\"}, {\"path\": \"2_CNN\", \"type\": "
                    + "\"sentence_transformers.models.CNN\"}]; module 1: type: "
                    + "\"sentence_transformers.models.CNN\" (expected: Transformer, Pooling, Dense or "
                    + "Normalize, which are computed here)",
            "modules.json; [{\"path\": \"1\", \"type\": \"x.Pooling\"}, {\"path\": \"2\", \"type\": "
                    + "\"pylate.models.Dense.Dense\"}]; module 1: type: \"pylate.models.Dense.Dense\" "
                    + "(expected: Transformer, Pooling, Dense or Normalize, which are computed here)",
            "modules.json; [{\"path\": \"1\", \"type\": \"x.Pooling\"}, {\"path\": \"2\", \"type\": "
                    + "\"x.Normalize\"}, {\"path\": \"3\", "
                    + "\"type\": \"sentence_transformers.models.Dense\"}]; "
                    + "module 2: Dense after [Pooling, Normalize] (expected: after the Pooling and before "
                    + "the Normalize)",
            "modules.json; []; modules: [] (expected: a Pooling among them)",
            "1_Pooling/config.json; {\"pooling_mode_mean_tokens\": true, \"include_prompt\": false}; "
                    + "include_prompt: false (expected: true, the tokens of a prompt among those that are "
                    + "pooled)",
            "sentence_bert_config.json; {\"max_seq_length\": 1}; max_seq_length: 1 (expected: 2..16777216)",
            "config_sentence_transformers.json; {\"prompts\": {\"a\": \"b\"}, \"default_prompt_name\": "
                    + "\"c\"}; default_prompt_name: \"c\" (expected: one of its prompts, [a])",
            "config_sentence_transformers.json; {\"prompts\": {\"a\": 1}}; \"a\": found 1 (expected: a "
                    + "string)"})
    void namesTheFileWithAnUnsupportedSetting(String file, String json, String message) {
        ModelVariant.ofTiny().file(file, json).write(folder);
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessage(folder.resolve(file) + ": " + message);
    }

    @Test
    void readsThePoolingFromTheFolderNamedInTheModules() {
        ModelVariant.ofTiny()
                .file("modules.json", "[{\"path\": \"\", \"type\": \"a.b.Transformer\"}, "
                        + "{\"path\": \"2_Pool\", \"type\": \"a.Pooling\"}, {\"path\": \"3\", \"type\": "
                        + "\"a.Normalize\"}]")
                .file("2_Pool/config.json", "{\"pooling_mode\": \"mean\"}")
                .file("1_Pooling/config.json", "{\"pooling_mode\": \"lasttoken\"}").write(folder);
        try (BgeM3 model = BgeM3.load(folder)) {
            assertThat(model.info().pooling()).isEqualTo(Pooling.MEAN);
        }
    }

    @Test
    void keepsTheFilesWhenConverting() {
        Path copy = folder.resolve("copy");
        ModelConverter.convert(Fixtures.E5, copy, WeightType.FP16);
        try (BgeM3 model = BgeM3.load(Fixtures.E5); BgeM3 other = BgeM3.load(copy)) {
            assertThat(other.info().prompts()).isEqualTo(model.info().prompts());
            assertThat(other.encodeQueries(TEXTS).stream().map(embedding -> embedding.dense().values()))
                    .containsExactlyElementsOf(model.encodeQueries(TEXTS).stream()
                            .map(embedding -> embedding.dense().values()).toList());
        }
    }
}
