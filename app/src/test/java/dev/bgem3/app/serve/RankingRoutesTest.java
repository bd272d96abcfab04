package dev.bgem3.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.RerankOptions;
import dev.bgem3.RerankScore;
import dev.bgem3.Reranker;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Tests the rerank routes in the dialects of Cohere and Jina, and of text-embeddings-inference. */
class RankingRoutesTest extends OnMiniServer {
    private static final String QUERY = "What is BM25?";
    private static final List<String> TEXTS = List.of("BGE M3 embeds text.", "BM25 ranks documents.", "panda",
            "What is BM25?");
    private static Reranker reranker;
    private static ServerFixture rerankerServer;

    @BeforeAll
    static void startReranker() {
        reranker = Reranker.load(ServerFixture.ROOT.resolve("src/fixtures/tiny-reranker"));
        rerankerServer = new ServerFixture(new ServedModel.CrossEncoder(reranker), ServerFixture.DEFAULTS);
    }

    @AfterAll
    static void stopReranker() {
        rerankerServer.close();
        reranker.close();
    }

    private static String body(String field, String rest) {
        return "{\"query\":\"" + QUERY + "\",\"" + field + "\":"
                + ServerFixture.JSON.writeValueAsString(TEXTS) + rest + "}";
    }

    private static List<Integer> indices(JsonNode ranks) {
        List<Integer> indices = new ArrayList<>();
        ranks.forEach(rank -> indices.add(rank.get("index").intValue()));
        return indices;
    }

    @ParameterizedTest
    @ValueSource(strings = {"/rerank", "/v1/rerank", "/v2/rerank"})
    void documentsAreAnsweredAsCohereAndJinaAnswer(String path) throws Exception {
        JsonNode tei = server.json("/rerank", body("texts", ""));
        JsonNode answer = server.json(path, body("documents", ",\"model\":\"any\",\"top_n\":3"));
        JsonNode results = answer.get("results");
        assertThat(indices(results)).isEqualTo(indices(tei).subList(0, 3)).startsWith(3);
        for (int i = 0; i < results.size(); i++) {
            assertThat(results.get(i).get("relevance_score")).isEqualTo(tei.get(i).get("score"));
            if (path.equals("/v2/rerank")) {
                assertThat(results.get(i).has("document")).isFalse();
            } else {
                assertThat(results.get(i).get("document").get("text").stringValue())
                        .isEqualTo(TEXTS.get(results.get(i).get("index").intValue()));
            }
        }
        assertThat(answer.get("model").stringValue()).isEqualTo("any");
        assertThat(answer.get("usage").get("total_tokens").intValue()).isPositive()
                .isEqualTo(answer.get("usage").get("prompt_tokens").intValue());
        assertThat(answer.get("meta").get("billed_units").get("search_units").intValue()).isOne();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/rerank", "/v1/rerank", "/v2/rerank"})
    void returnsDocumentsAsAsked(String path) throws Exception {
        String objects = "{\"query\":\"" + QUERY + "\",\"documents\":[{\"text\":\"panda\",\"id\":7},"
                + "\"BM25 ranks documents.\"]";
        JsonNode with = server.json(path, objects + ",\"return_documents\":true}");
        assertThat(with.get("model").stringValue()).isEqualTo("mini");
        assertThat(with.get("results").toString()).contains("\"document\":{\"text\":\"panda\"}")
                .contains("\"document\":{\"text\":\"BM25 ranks documents.\"}");
        JsonNode without = server.json(path, objects + ",\"return_documents\":false,\"top_n\":99}");
        assertThat(without.get("results").size()).isEqualTo(2);
        assertThat(without.get("results").toString()).doesNotContain("document");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/rerank", "/v1/rerank", "/v2/rerank"})
    void textsAreAnsweredAsTextEmbeddingsInferenceAnswers(String path) throws Exception {
        JsonNode ranks = server.json(path, body("texts", ",\"return_text\":true,\"top_n\":1"));
        assertThat(ranks.size()).isEqualTo(TEXTS.size());
        assertThat(ranks.get(0).propertyNames()).containsExactly("index", "text", "score");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/rerank", "/v1/rerank", "/v2/rerank", "/", "/invocations"})
    void aRerankersScoresAreTheLibrarys(String path) throws Exception {
        List<RerankScore> expected = reranker.rerank(QUERY, TEXTS,
                RerankOptions.builder().normalize(true).build());
        JsonNode results = rerankerServer.json(path, body("documents", ",\"top_n\":2")).get("results");
        assertThat(results.size()).isEqualTo(2);
        for (int i = 0; i < 2; i++) {
            assertThat(results.get(i).get("index").intValue()).isEqualTo(expected.get(i).index());
            assertThat(Float.parseFloat(results.get(i).get("relevance_score").asString()))
                    .isEqualTo(expected.get(i).score());
        }
        JsonNode tei = rerankerServer.json(path, body("texts", ""));
        assertThat(indices(tei)).isEqualTo(expected.stream().map(RerankScore::index).toList());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"query":"a"}                                      | 422 | texts: missing (expected: a list of
            {"query":"a"}                                      | 422 | documents
            {"documents":["b"]}                                | 422 | query: missing
            {"query":"a","documents":"b"}                      | 422 | documents: a string
            {"query":"a","documents":[]}                       | 400 | documents: empty
            {"query":"a","documents":[1]}                      | 422 | documents[0]: a number
            {"query":"a","documents":["b",{"title":"c"}]}      | 422 | documents[1].text: missing
            {"query":"a","documents":["b",""]}                 | 400 | documents[1]: empty
            {"query":"a","documents":["b",{"text":""}]}        | 400 | documents[1].text: empty
            {"query":"a","documents":["b"],"texts":["b"]}      | 422 | documents: together with texts
            {"query":"a","documents":["b"],"top_n":0}          | 422 | top_n: 0
            {"query":"a","documents":["b"],"return_documents":1} | 422 | return_documents: a number
            """)
    void explainsBadRequests(String body, int status, String message) throws Exception {
        for (String path : List.of("/rerank", "/v1/rerank", "/v2/rerank")) {
            HttpResponse<String> response = server.post(path, body);
            assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
            JsonNode error = ServerFixture.JSON.readTree(response.body());
            assertThat(path.equals("/rerank")
                    ? error.get("error").stringValue()
                    : error.get("error").get("message").stringValue()).contains(message);
        }
    }
}
