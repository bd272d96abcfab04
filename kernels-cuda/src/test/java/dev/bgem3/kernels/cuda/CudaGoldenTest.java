package dev.bgem3.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.LoadOptions;
import dev.bgem3.Output;
import dev.bgem3.Precision;
import dev.bgem3.RerankOptions;
import dev.bgem3.Reranker;
import dev.bgem3.TextPair;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * Compares the tiny model in fp16 on a GPU with the values that FlagEmbedding computed for it in fp32
 * ({@code src/fixtures/tiny-m3-goldens.json}), and checks that a text has the same bits in any batch of a
 * class.
 *
 * <p>
 * The bound: each of 3 layers stores 7 tensors, in which each number is rounded with a relative error of at
 * most 2⁻¹¹, and the weights are rounded alike. These are about 40 independent roundings, which add up to a
 * relative error of about √40·2⁻¹¹/√3 ≈ 1.8e-3. Dense and ColBERT rows have unit length, so their numbers are
 * below 0.5 and off by less than 1e-3; lexical weights are about 1. A bound of 5e-3 leaves room for numbers
 * that are small sums of larger ones.
 */
class CudaGoldenTest {
    private static final double BOUND = 5e-3;
    private static final double MIN_COSINE = 0.9999;
    private static final Path FIXTURES = Path.of(System.getProperty("bgem3.root"), "src", "fixtures");
    private static final EncodeOptions.Builder OUTPUTS = EncodeOptions.builder().outputs(Output.DENSE,
            Output.SPARSE, Output.COLBERT);

    private BgeM3 model;

    @BeforeEach
    void load() {
        Optional<String> reason = new CudaProvider().unavailable();
        assumeTrue(reason.isEmpty(), () -> "no CUDA here: " + reason.orElseThrow());
        model = BgeM3.load(FIXTURES.resolve("tiny-m3"),
                LoadOptions.builder().device("cuda").precision(Precision.FP16).build());
    }

    @AfterEach
    void close() {
        if (model != null) {
            model.close();
        }
    }

    @Test
    void encodesEveryTextLikeTheReference() {
        JsonNode goldens = new ObjectMapper().readTree(FIXTURES.resolve("tiny-m3-goldens.json"));
        for (JsonNode run : goldens.get("encode")) {
            List<JsonNode> items = run.get("items").valueStream().toList();
            List<Embedding> embeddings = model.encode(
                    items.stream().map(item -> item.get("text").asString()).toList(),
                    OUTPUTS.maxLength(run.get("max_length").asInt()).build());
            for (int i = 0; i < items.size(); i++) {
                check(items.get(i), embeddings.get(i));
            }
        }
    }

    private static void check(JsonNode golden, Embedding embedding) {
        String text = golden.get("text").asString();
        float[] dense = floats(golden.get("dense"));
        assertClose("dense of " + text, embedding.dense().values(), dense);
        assertThat(cosine(embedding.dense().values(), dense)).as("cosine of %s", text)
                .isGreaterThanOrEqualTo(MIN_COSINE);
        JsonNode sparse = golden.get("sparse");
        // A weight that is nearly 0 may be 0, and then missing, on one side.
        sparse.properties().forEach(entry -> assertClose("weight of " + entry.getKey() + " in " + text,
                embedding.lexicalWeights().weight(Integer.parseInt(entry.getKey())),
                entry.getValue().floatValue()));
        embedding.lexicalWeights().asMap().forEach((id, weight) -> assertThat(
                sparse.has(id.toString()) || weight <= BOUND).as("weight of %s in %s: %s", id, text, weight)
                .isTrue());
        JsonNode rows = golden.get("colbert");
        assertThat(embedding.colbert().rows()).isEqualTo(rows.size());
        for (int row = 0; row < rows.size(); row++) {
            assertClose("ColBERT row " + row + " of " + text, embedding.colbert().row(row),
                    floats(rows.get(row)));
        }
    }

    @Test
    void givesTheSameBitsInAnyBatchOfTheSameClass() {
        String text = "the quick brown fox jumps over the lazy dog and runs on and on and on";
        String other = "a cat";
        int tokens = model.tokenizer().encode(text, 512).ids().length;
        int both = tokens + model.tokenizer().encode(other, 512).ids().length;
        assertThat(CudaProduct.classOf(both)).as("the class of %s and of %s tokens", tokens, both)
                .isEqualTo(CudaProduct.classOf(tokens));
        Embedding alone = model.encode(text, OUTPUTS.build());
        for (List<String> batch : List.of(List.of(text, other), List.of(other, text))) {
            Embedding beside = model.encode(batch, OUTPUTS.build()).get(batch.indexOf(text));
            assertThat(beside.dense().values()).isEqualTo(alone.dense().values());
            assertThat(beside.lexicalWeights().asMap()).isEqualTo(alone.lexicalWeights().asMap());
            for (int row = 0; row < alone.colbert().rows(); row++) {
                assertThat(beside.colbert().row(row)).isEqualTo(alone.colbert().row(row));
            }
        }
    }

    /**
     * The classifier's output weights, 64 numbers of about 0.56, increase the error of its input by a factor
     * of √64·0.56 ≈ 4.5.
     */
    @Test
    void scoresEveryPairLikeTheReference() {
        JsonNode goldens = new ObjectMapper().readTree(FIXTURES.resolve("tiny-reranker-goldens.json"));
        try (Reranker reranker = Reranker.load(FIXTURES.resolve("tiny-reranker"),
                LoadOptions.builder().device("cuda").precision(Precision.FP16).build())) {
            for (JsonNode run : goldens.get("runs")) {
                List<JsonNode> items = run.get("items").valueStream().toList();
                float[] scores = reranker.computeScore(
                        items.stream().map(item -> new TextPair(item.get("query").asString(),
                                item.get("passage").asString())).toList(),
                        RerankOptions.builder().maxLength(run.get("max_length").asInt()).build());
                for (int i = 0; i < scores.length; i++) {
                    assertThat(Math.abs(scores[i] - items.get(i).get("score").floatValue()))
                            .as("%s: %s", items.get(i).get("query"), items.get(i).get("passage"))
                            .isLessThanOrEqualTo((float) (4.5 * BOUND));
                }
            }
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
                .isLessThanOrEqualTo((float) BOUND);
    }

    private static double cosine(float[] a, float[] b) {
        double product = 0;
        double squaresOfA = 0;
        double squaresOfB = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            squaresOfA += (double) a[i] * a[i];
            squaresOfB += (double) b[i] * b[i];
        }
        return product / Math.sqrt(squaresOfA * squaresOfB);
    }

    private static float[] floats(JsonNode array) {
        float[] floats = new float[array.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = array.get(i).floatValue();
        }
        return floats;
    }
}
