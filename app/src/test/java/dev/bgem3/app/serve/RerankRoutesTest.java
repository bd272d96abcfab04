package dev.bgem3.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.RerankOptions;
import dev.bgem3.RerankScore;
import dev.bgem3.Reranker;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Compares a server with a reranker with the library. */
class RerankRoutesTest {
    private static final List<String> TEXTS = List.of("panda", "BM25 ranks documents.", "", "panda",
            "BGE M3 embeds text.");
    private static Reranker model;
    private static ServerFixture server;

    @BeforeAll
    static void start() {
        model = Reranker.load(ServerFixture.ROOT.resolve("src/fixtures/tiny-reranker"));
        server = new ServerFixture(new ServedModel.CrossEncoder(model), ServerFixture.DEFAULTS);
    }

    @AfterAll
    static void stop() {
        server.close();
        model.close();
    }

    private static String body(String query, List<String> texts, String rest) {
        return "{\"query\":" + ServerFixture.JSON.writeValueAsString(query) + ",\"texts\":"
                + ServerFixture.JSON.writeValueAsString(texts) + rest + "}";
    }

    private static void assertRanks(JsonNode ranks, List<RerankScore> expected) {
        assertThat(ranks.size()).isEqualTo(expected.size());
        for (int i = 0; i < expected.size(); i++) {
            assertThat(ranks.get(i).get("index").intValue()).isEqualTo(expected.get(i).index());
            assertThat(Float.parseFloat(ranks.get(i).get("score").asString()))
                    .isEqualTo(expected.get(i).score());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/rerank", "/", "/invocations"})
    void rerankEqualsTheLibraryBitForBit(String path) throws Exception {
        RerankOptions sigmoid = RerankOptions.builder().normalize(true).build();
        JsonNode ranks = server.json(path, body("What is BM25?", TEXTS, ""));
        assertRanks(ranks, model.rerank("What is BM25?", TEXTS, sigmoid));
        assertThat(ranks.get(0).has("text")).isFalse();
        assertRanks(server.json(path, body("What is BM25?", TEXTS, ",\"raw_scores\":true")),
                model.rerank("What is BM25?", TEXTS));
        JsonNode withText = server.json(path, body("What is BM25?", TEXTS, ",\"return_text\":true"));
        withText.forEach(rank -> assertThat(rank.get("text").stringValue())
                .isEqualTo(TEXTS.get(rank.get("index").intValue())));
    }

    @Test
    void reportsOrRejectsTruncation() throws Exception {
        String text = "one two three ".repeat(400);
        HttpResponse<String> cut = server.post("/rerank",
                body("What?", List.of("panda", text), ",\"truncate\":true"));
        assertThat(cut.statusCode()).isEqualTo(200);
        assertThat(cut.headers().firstValue("x-truncated-inputs")).hasValue("1");
        assertThat(cut.headers().firstValue("x-compute-tokens")).isPresent();
        HttpResponse<String> refused = server.post("/rerank",
                body("What?", List.of("panda", text), ",\"truncate\":false"));
        assertThat(refused.statusCode()).isEqualTo(422);
        assertThat(refused.body()).contains("texts[1]", "tokens (expected: at most", "\"Validation\"");
        assertThat(server.log()).doesNotContain("one two");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {}                                              | 422 | query: missing
            {"query":"a"}                                   | 422 | texts: missing
            {"query":"a","texts":"b"}                       | 422 | texts: a string
            {"query":"a","texts":[1]}                       | 422 | texts[0]: a number
            {"query":"a","texts":[]}                        | 400 | texts: empty
            {"query":"","texts":["b",""]}                   | 400 | query and texts[1]: both empty
            {"query":"a","texts":["b"],"raw_scores":1}      | 422 | raw_scores: a number
            {"query":"a","texts":["b"],"truncation_direction":"Left"} | 422 | truncation_direction: left
            {"query":"a","texts":["b"],"prompt_name":"query"} | 422 | prompt_name: a reranker has no prompts
            """)
    void explainsBadRequests(String body, int status, String message) throws Exception {
        HttpResponse<String> response = server.post("/rerank", body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(ServerFixture.JSON.readTree(response.body()).get("error").stringValue()).contains(message);
    }

    @Test
    void rejectsTooManyTexts() throws Exception {
        HttpResponse<String> response = server.post("/rerank", body("a", Collections.nCopies(33, "b"), ""));
        assertThat(response.statusCode()).isEqualTo(422);
        assertThat(response.body()).contains("texts: batch size 33 > maximum allowed batch size 32");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/embed", "/embed_sparse", "/embed_all", "/similarity", "/v1/encode", "/v1/score",
            "/v1/embeddings",
            "/embeddings"})
    void routesForVectorsSayThatTheModelIsAReranker(String path) throws Exception {
        HttpResponse<String> response = server.post(path, "{\"inputs\":\"a\",\"input\":\"a\"}");
        assertThat(response.statusCode()).isEqualTo(424);
        assertThat(response.body()).contains("model is not an embedding model: a reranker is served");
    }

    @Test
    void describesTheServer() throws Exception {
        JsonNode info = ServerFixture.JSON.readTree(server.get("/info").body());
        assertThat(info.get("model_type").toString())
                .isEqualTo("{\"reranker\":{\"id2label\":{\"0\":\"LABEL_0\"},\"label2id\":{\"LABEL_0\":0}}}");
        assertThat(info.get("max_input_length").intValue()).isEqualTo(512);
        assertThat(server.get("/health").statusCode()).isEqualTo(200);
        assertThat(server.get("/v1/models").statusCode()).isEqualTo(200);
        assertThat(server.json("/tokenize", "{\"inputs\":\"panda\"}").get(0).size())
                .isEqualTo(model.tokenizer().encode("panda").length());
        server.json("/rerank", body("a", List.of("b"), ""));
        assertThat(server.get("/metrics").body()).contains("te_request_count{method=\"/rerank\"}",
                "te_request_input_length_count");
    }

    @Test
    void concurrentRequestsGetTheirOwnResults() {
        List<CompletableFuture<HttpResponse<String>>> answers = IntStream.range(0, 60)
                .mapToObj(i -> server.sendAsync(server.request("/rerank")
                        .POST(BodyPublishers
                                .ofString(body("query " + i, TEXTS, ",\"raw_scores\":true")))
                        .build()))
                .toList();
        for (int i = 0; i < answers.size(); i++) {
            assertRanks(ServerFixture.JSON.readTree(answers.get(i).join().body()),
                    model.rerank("query " + i, TEXTS));
        }
    }
}
