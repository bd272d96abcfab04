package dev.bgem3;

import static dev.bgem3.Goldens.at;
import static dev.bgem3.Goldens.floats;
import static dev.bgem3.Goldens.ints;
import static dev.bgem3.Goldens.objects;
import static dev.bgem3.Goldens.row;
import static dev.bgem3.Goldens.strings;
import static dev.bgem3.Goldens.toFloat;
import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.json.JsonArray;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonValue;
import dev.bgem3.testsupport.TestSizes;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Compares every value with FlagEmbedding's results for the tiny model
 * ({@code src/fixtures/tiny-m3-goldens.json}), for each layout on disk and each provider.
 *
 * <p>
 * The bound is 2e-5. Reference and runtime both sum fp32 products, but in different orders. The error of a
 * sum of K = 320 products of numbers near 1 is at most K·2⁻²⁴ ≈ 2e-5 of the sum of their magnitudes, and in
 * practice √K·2⁻²⁴ ≈ 1e-6. Layer norms keep each of the 3 layers' outputs near 1, so the errors of the 12
 * products add up to about 4e-6 before the heads. Outputs are at most about 1 (dense, colbert) or 10 (lexical
 * scores: 10 products of two weights near 1).
 */
@ParameterizedClass
@MethodSource("layoutsAndKernels")
class BgeM3GoldenTest {
    private static final float BOUND = 2e-5f;
    private static final JsonObject GOLDENS = Goldens.read("tiny-m3-goldens.json");

    private final Path folder;
    private final String kernels;
    private BgeM3 model;

    BgeM3GoldenTest(Path folder, String kernels) {
        this.folder = folder;
        this.kernels = kernels;
    }

    static Stream<Arguments> layoutsAndKernels() {
        // Short: each layout and each provider, yet not each with each.
        List<String> all = Fixtures.availableKernels().toList();
        List<String> last = all.subList(all.size() - 1, all.size());
        return Fixtures.TINY_LAYOUTS.stream()
                .flatMap(folder -> (folder.equals(Fixtures.TINY) ? all : TestSizes.pick(last, all)).stream()
                        .map(kernels -> Arguments.of(folder, kernels)));
    }

    @BeforeEach
    void load() {
        model = BgeM3.load(folder, LoadOptions.builder().kernels(KernelKind.of(kernels)).threads(2).build());
    }

    @AfterEach
    void close() {
        model.close();
    }

    @Test
    void encodesEveryTextAsTheReferenceDoes() {
        for (JsonObject run : objects(GOLDENS, "encode")) {
            int maxLength = (int) run.integer("max_length").orElseThrow();
            List<JsonObject> items = objects(run, "items");
            List<String> texts = items.stream().map(item -> item.string("text").orElseThrow()).toList();
            EncodeOptions options = EncodeOptions.builder()
                    .outputs(Output.DENSE, Output.SPARSE, Output.COLBERT)
                    .maxLength(maxLength).build();
            List<Embedding> embeddings = model.encode(texts, options);
            for (int i = 0; i < items.size(); i++) {
                check(texts.get(i), items.get(i), embeddings.get(i), maxLength);
            }
        }
    }

    private void check(String text, JsonObject golden, Embedding embedding, int maxLength) {
        int[] ids = model.tokenizer().encode(text, maxLength).ids();
        assertThat(ids).as("ids of %s", text).isEqualTo(ints(golden.array("ids").orElseThrow()));
        assertThat(embedding.tokenCount()).isEqualTo(ids.length);
        assertClose("dense of " + text, embedding.dense().values(),
                floats(golden.array("dense").orElseThrow()));
        Map<Integer, Float> sparse = new LinkedHashMap<>();
        golden.object("sparse").orElseThrow().members()
                .forEach((id, weight) -> sparse.put(Integer.valueOf(id), toFloat(weight)));
        assertThat(List.copyOf(embedding.lexicalWeights().asMap().keySet())).as("sparse ids of %s", text)
                .isEqualTo(List.copyOf(sparse.keySet()));
        sparse.forEach((id, weight) -> assertClose("sparse " + id + " of " + text,
                embedding.lexicalWeights().weight(id), weight));
        List<JsonValue> rows = golden.array("colbert").orElseThrow().elements();
        assertThat(embedding.colbert().rows()).isEqualTo(rows.size());
        for (int row = 0; row < rows.size(); row++) {
            assertClose("colbert row " + row + " of " + text, embedding.colbert().row(row),
                    floats((JsonArray) rows.get(row)));
        }
    }

    @Test
    void encodesQueriesWithTheirInstruction() {
        JsonObject golden = GOLDENS.object("encode_queries").orElseThrow();
        EncodeOptions options = EncodeOptions.builder()
                .maxLength((int) golden.integer("max_length").orElseThrow())
                .build();
        List<String> texts = strings(golden.array("texts").orElseThrow());
        try (BgeM3 instructed = BgeM3.load(folder, LoadOptions.builder().kernels(KernelKind.of(kernels))
                .queryInstruction(golden.string("instruction").orElseThrow()).build())) {
            List<Embedding> embeddings = instructed.encodeQueries(texts, options);
            List<JsonValue> dense = golden.array("dense").orElseThrow().elements();
            for (int i = 0; i < texts.size(); i++) {
                assertClose(texts.get(i), embeddings.get(i).dense().values(),
                        floats((JsonArray) dense.get(i)));
            }
        }
    }

    @Test
    void scoresEveryPairUnderEveryWeighting() {
        List<TextPair> pairs = GOLDENS.array("pairs").orElseThrow().elements().stream()
                .map(pair -> strings((JsonArray) pair)).map(pair -> new TextPair(pair.get(0), pair.get(1)))
                .toList();
        for (JsonObject golden : objects(GOLDENS, "compute_score")) {
            ScoreWeights weights = golden.array("weights").map(Goldens::floats)
                    .map(w -> new ScoreWeights(w[0], w[1], w[2])).orElse(ScoreWeights.EQUAL);
            List<PairScores> scores = model.computeScore(pairs, weights, EncodeOptions.defaults());
            JsonObject expected = golden.object("scores").orElseThrow();
            for (int i = 0; i < pairs.size(); i++) {
                PairScores score = scores.get(i);
                assertClose("dense " + i, score.dense(), at(expected, "dense", i));
                assertClose("sparse " + i, score.sparse(), at(expected, "sparse", i));
                assertClose("colbert " + i, score.colbert(), at(expected, "colbert", i));
                assertClose("sparse+dense " + i, score.sparseDense(), at(expected, "sparse+dense", i));
                assertClose("all " + i, score.colbertSparseDense(), at(expected, "colbert+sparse+dense", i));
            }
        }
    }

    @Test
    void scoresLexicalMatchesAndColbertVectorsAndNamesTokens() {
        int count = (int) GOLDENS.integer("first_n").orElseThrow();
        List<JsonObject> items = objects(objects(GOLDENS, "encode").getFirst(), "items").subList(0, count);
        List<Embedding> embeddings = model.encode(
                items.stream().map(item -> item.string("text").orElseThrow()).toList(),
                EncodeOptions.of(Output.SPARSE, Output.COLBERT));
        List<LexicalWeights> weights = embeddings.stream().map(Embedding::lexicalWeights).toList();
        float[][] lexical = BgeM3.computeLexicalMatchingScore(weights, weights);
        for (int i = 0; i < count; i++) {
            assertClose("lexical " + i, lexical[i], floats(row(GOLDENS, "lexical_matching", i)));
            float[] colbert = floats(row(GOLDENS, "colbert_score", i));
            for (int j = 0; j < count; j++) {
                assertClose("colbert " + i + " " + j,
                        BgeM3.colbertScore(embeddings.get(i).colbert(), embeddings.get(j).colbert()),
                        colbert[j]);
            }
            Map<String, Float> named = model.convertIdToToken(weights.get(i));
            Map<String, JsonValue> golden = objects(GOLDENS, "tokens").get(i).members();
            assertThat(List.copyOf(named.keySet())).isEqualTo(List.copyOf(golden.keySet()));
            named.forEach((name, weight) -> assertClose("token " + name, weight, toFloat(golden.get(name))));
        }
    }

    private static void assertClose(String what, float[] actual, float[] expected) {
        assertThat(actual).as(what).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertClose(what + " [" + i + "]", actual[i], expected[i]);
        }
    }

    private static void assertClose(String what, float actual, float expected) {
        assertThat(Math.abs(actual - expected)).as("%s: %s (expected: %s)", what, actual, expected)
                .isLessThanOrEqualTo(BOUND);
    }
}
