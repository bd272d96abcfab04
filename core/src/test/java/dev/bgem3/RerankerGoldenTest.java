package dev.bgem3;

import static dev.bgem3.Goldens.ints;
import static dev.bgem3.Goldens.objects;
import static dev.bgem3.Goldens.toFloat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.bgem3.convert.ModelConverter;
import dev.bgem3.convert.WeightType;
import dev.bgem3.engine.PairTokenizer;
import dev.bgem3.json.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compares every score with those of transformers for the tiny cross-encoder
 * ({@code src/fixtures/tiny-reranker-goldens.json}), with each provider.
 *
 * <p>
 * The bound is 2e-5. Both sides sum fp32 products in different orders: the error of a product with K = 160
 * terms is about √K·2⁻²⁴ ≈ 8e-7 for numbers near 1. The 8 products of two layers and the classifier add up to
 * about 2e-6 in the classifier's input. Its output weights, 64 of about 0.56, multiply that by √64·0.56 ≈
 * 4.5, to 1e-5. The slope of a sigmoid is at most 1/4.
 */
@ParameterizedClass
@MethodSource("dev.bgem3.Fixtures#availableKernels")
class RerankerGoldenTest {
    private static final float BOUND = 2e-5f;
    private static final List<JsonObject> RUNS = objects(Goldens.read("tiny-reranker-goldens.json"), "runs");

    private final String kernels;
    private Reranker reranker;

    @TempDir
    private Path folder;

    RerankerGoldenTest(String kernels) {
        this.kernels = kernels;
    }

    @BeforeEach
    void load() {
        reranker = load(Fixtures.RERANKER);
    }

    private Reranker load(Path path) {
        return Reranker.load(path, LoadOptions.builder().kernels(KernelKind.of(kernels)).threads(2).build());
    }

    @AfterEach
    void close() {
        reranker.close();
    }

    private static List<TextPair> pairs(JsonObject run) {
        return objects(run, "items").stream().map(item -> new TextPair(item.string("query").orElseThrow(),
                item.string("passage").orElseThrow())).toList();
    }

    private static int maxLength(JsonObject run) {
        return (int) run.integer("max_length").orElseThrow();
    }

    @Test
    void scoresEveryPairAsTheReferenceDoes() {
        assertThat(RUNS).hasSizeGreaterThan(3);
        for (JsonObject run : RUNS) {
            for (boolean normalize : List.of(false, true)) {
                List<RerankScore> scores = reranker.score(pairs(run),
                        RerankOptions.builder().maxLength(maxLength(run)).normalize(normalize).build());
                List<JsonObject> items = objects(run, "items");
                for (int i = 0; i < items.size(); i++) {
                    JsonObject item = items.get(i);
                    RerankScore score = scores.get(i);
                    String what = maxLength(run) + " " + item.members().get("query") + " "
                            + item.members().get("passage");
                    assertThat(score.index()).isEqualTo(i);
                    assertThat(score.tokenCount()).as(what)
                            .isEqualTo(item.array("ids").orElseThrow().elements().size());
                    assertThat(score.fullTokenCount()).as(what)
                            .isEqualTo((int) item.integer("full_length").orElseThrow());
                    assertThat(score.rawScore()).as(what).isCloseTo(toFloat(item.members().get("score")),
                            within(BOUND));
                    assertThat(score.score()).as(what).isCloseTo(
                            toFloat(item.members().get(normalize ? "normalized" : "score")), within(BOUND));
                }
            }
        }
    }

    @Test
    void tokenizesEveryPairAsTheReferenceDoes() {
        for (JsonObject run : RUNS) {
            PairTokenizer tokenizer = reranker
                    .tokenizer(RerankOptions.builder().maxLength(maxLength(run)).build());
            List<TextPair> pairs = pairs(run);
            for (int i = 0; i < pairs.size(); i++) {
                assertThat(tokenizer.tokens("pair", pairs.get(i).query(), pairs.get(i).passage()).tokenIds())
                        .as("%s", pairs.get(i))
                        .isEqualTo(ints(objects(run, "items").get(i).array("ids").orElseThrow()));
            }
        }
    }

    @Test
    void ranksPassagesAsTheReferenceDoes() {
        JsonObject run = RUNS.getLast();
        List<JsonObject> items = objects(run, "items").stream()
                .filter(item -> item.string("query").orElseThrow().equals("What is BGE M3?")).toList();
        List<String> passages = items.stream().map(item -> item.string("passage").orElseThrow()).toList();
        List<RerankScore> ranked = reranker.rerank("What is BGE M3?", passages,
                RerankOptions.builder().maxLength(maxLength(run)).build());
        // The goldens' scores differ by more than the bound, except for a passage that occurs twice.
        assertThat(ranked.stream().map(RerankScore::index).map(passages::get))
                .isEqualTo(IntStream.range(0, items.size()).boxed()
                        .sorted((i, j) -> Float.compare(toFloat(items.get(j).members().get("score")),
                                toFloat(items.get(i).members().get("score"))))
                        .map(passages::get).toList());
    }

    @Test
    void readsTheModelFromEachLayoutAndConvertsIt() {
        TextPair pair = new TextPair("What is BGE M3?", "BGE M3 is an embedding model.");
        float expected = reranker.computeScore(pair);
        Path unprefixed = ModelVariant.ofReranker().write(folder.resolve("unprefixed"));
        Path silent = ModelVariant.ofReranker().prefix("roberta.").withoutConfig("architectures")
                .withoutConfig("id2label").write(folder.resolve("silent"));
        Path converted = folder.resolve("converted");
        ModelConverter.convert(Fixtures.RERANKER, converted, WeightType.FP32);
        for (Path path : List.of(unprefixed, silent, converted)) {
            assertThat(Reranker.isReranker(path)).isTrue();
            try (Reranker other = load(path)) {
                assertThat(other.computeScore(pair)).as("%s", path).isEqualTo(expected);
                assertThat(other.info().scoreLabel()).hasValue("LABEL_0");
            }
        }
    }
}
