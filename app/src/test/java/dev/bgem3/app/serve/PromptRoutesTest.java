package dev.bgem3.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.BgeM3;
import dev.bgem3.EncodeOptions;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Tests a server whose model has prompts and only dense vectors, like multilingual-e5. */
class PromptRoutesTest {
    private static BgeM3 model;
    private static ServerFixture server;

    @BeforeAll
    static void start() {
        model = BgeM3.load(ServerFixture.ROOT.resolve("src/fixtures/tiny-e5"));
        server = new ServerFixture(model, ServerFixture.DEFAULTS);
    }

    @AfterAll
    static void stop() {
        server.close();
        model.close();
    }

    private static float[] embed(String rest) throws Exception {
        JsonNode row = server.json("/embed", "{\"inputs\":\"panda\"" + rest + "}").get(0);
        float[] values = new float[row.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.parseFloat(row.get(i).asString());
        }
        return values;
    }

    @Test
    void putsTheNamedPromptBeforeTheTexts() throws Exception {
        assertThat(embed("")).isEqualTo(model.encode("panda").dense().values());
        assertThat(embed(",\"prompt_name\":\"query\""))
                .isEqualTo(model.encodeQueries("panda").dense().values());
        assertThat(embed(",\"prompt_name\":\"passage\""))
                .isEqualTo(model.encodeCorpus("panda").dense().values());
        assertThat(embed(",\"prompt_name\":\"topic\""))
                .isEqualTo(model.encode("What it is about: panda").dense().values());
        assertThat(server.json("/tokenize", "{\"inputs\":\"panda\",\"prompt_name\":\"query\"}").get(0).size())
                .isEqualTo(model.tokenizer().encode("query: panda").length());
    }

    @Test
    void emptyNameMeansNoPrompt() throws Exception {
        EncodeOptions none = EncodeOptions.builder().instruction("").build();
        assertThat(embed(",\"prompt_name\":\"\"")).isEqualTo(model.encode("panda", none).dense().values());
        // Also in /rerank, which has prompts by default.
        JsonNode rank = server
                .json("/rerank", "{\"query\":\"what\",\"texts\":[\"panda\"],\"prompt_name\":\"\"}")
                .get(0);
        assertThat(Float.parseFloat(rank.get("score").asString()))
                .isEqualTo(model.encode("what", none).dense().dot(model.encode("panda", none).dense()));
        String ids = ServerFixture.JSON.writeValueAsString(model.tokenizer().encode("panda").ids());
        assertThat(server.post("/embed", "{\"inputs\":[" + ids + "],\"prompt_name\":\"\"}").statusCode())
                .isEqualTo(200);
        assertThat(server.post("/embed", "{\"inputs\":[" + ids + "],\"prompt_name\":\"query\"}").statusCode())
                .isEqualTo(422);
    }

    /** Compares the page's requests with {@code /rerank} for the same texts. */
    @Test
    void infoHasThePromptsThatRerankUses() throws Exception {
        JsonNode info = ServerFixture.JSON.readTree(server.get("/info").body());
        assertThat(info.get("query_prompt").stringValue()).isEqualTo("query: ");
        assertThat(info.get("passage_prompt").stringValue()).isEqualTo("passage: ");
        JsonNode results = server.json("/v1/encode",
                "{\"inputs\":[\"query: what\",\"passage: panda\"],\"prompt_name\":\"\"}").get("results");
        assertThat(results.get(0).get("dense").toString()).isEqualTo(
                server.json("/embed", "{\"inputs\":\"what\",\"prompt_name\":\"query\"}").get(0).toString());
        assertThat(results.get(1).get("dense").toString()).isEqualTo(
                server.json("/embed", "{\"inputs\":\"panda\",\"prompt_name\":\"passage\"}").get(0)
                        .toString());
        JsonNode tokens = server.json("/tokenize", "{\"inputs\":\"query: what\",\"prompt_name\":\"\"}")
                .get(0);
        assertThat(tokens.size()).isEqualTo(results.get(0).get("token_count").intValue());
        assertThat(tokens.get(tokens.size() - 2).get("stop").intValue()).isEqualTo("query: what".length());
    }

    @Test
    void acceptsTokenIdsUpToTheModelsLimit() throws Exception {
        int[] ids = model.tokenizer().encode("word ".repeat(300), model.info().maxLength()).ids();
        assertThat(ids.length).isGreaterThan(model.info().defaultMaxLength());
        JsonNode answer = server.json("/embed",
                "{\"inputs\":[" + ServerFixture.JSON.writeValueAsString(ids) + "]}").get(0);
        float[] expected = model.encodeTokenIds(List.of(ids), EncodeOptions.defaults()).getFirst().dense()
                .values();
        for (int i = 0; i < expected.length; i++) {
            assertThat(Float.parseFloat(answer.get(i).asString())).isEqualTo(expected[i]);
        }
    }

    @Test
    void messageOfAnUnknownPromptListsTheKnownOnes() throws Exception {
        HttpResponse<String> response = server.post("/embed",
                "{\"inputs\":\"panda\",\"prompt_name\":\"qery\"}");
        assertThat(response.statusCode()).isEqualTo(422);
        assertThat(response.body()).contains("prompt_name",
                "expected: query, passage, topic, or \\\"\\\" for none");
    }

    @Test
    void rerankPutsPromptsBeforeQueriesAndPassages() throws Exception {
        JsonNode rank = server.json("/rerank", "{\"query\":\"what\",\"texts\":[\"panda\"]}").get(0);
        assertThat(Float.parseFloat(rank.get("score").asString()))
                .isEqualTo(model.encodeQueries("what").dense().dot(model.encodeCorpus("panda").dense()));
        assertThat(server.post("/embed_sparse", "{\"inputs\":\"panda\"}").statusCode()).isEqualTo(422);
    }

    @Test
    void truncatesToTheLengthInTheFileUnlessTheRequestSaysMore() throws Exception {
        String text = "word ".repeat(300);
        assertThat(server.json("/v1/encode", "{\"inputs\":\"" + text + "\"}").get("results").get(0)
                .get("token_count").intValue()).isEqualTo(96);
        assertThat(
                server.json("/v1/encode", "{\"inputs\":\"" + text + "\",\"max_length\":128}").get("results")
                        .get(0).get("token_count").intValue())
                .isEqualTo(128);
        assertThat(ServerFixture.JSON.readTree(server.get("/info").body()).get("max_input_length").intValue())
                .isEqualTo(96);
        assertThat(List.of("mean")).contains(ServerFixture.JSON.readTree(server.get("/info").body())
                .get("model_type").get("embedding").get("pooling").stringValue());
    }
}
