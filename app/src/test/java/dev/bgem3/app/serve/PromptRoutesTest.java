package dev.bgem3.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.BgeM3;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** A server whose model has prompts and dense vectors alone, as multilingual-e5 has. */
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
    void namesOfTheFileGoBeforeTheTexts() throws Exception {
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
    void aNameThatTheModelDoesNotHaveIsAnsweredWithThoseThatItHas() throws Exception {
        HttpResponse<String> response = server.post("/embed",
                "{\"inputs\":\"panda\",\"prompt_name\":\"qery\"}");
        assertThat(response.statusCode()).isEqualTo(422);
        assertThat(response.body()).contains("prompt_name", "expected: query, passage, topic");
    }

    @Test
    void rerankPutsQueriesAndPassagesBehindTheirPrompts() throws Exception {
        JsonNode rank = server.json("/rerank", "{\"query\":\"what\",\"texts\":[\"panda\"]}").get(0);
        assertThat(Float.parseFloat(rank.get("score").asString()))
                .isEqualTo(model.encodeQueries("what").dense().dot(model.encodeCorpus("panda").dense()));
        assertThat(server.post("/embed_sparse", "{\"inputs\":\"panda\"}").statusCode()).isEqualTo(422);
    }

    @Test
    void textsAreCutToTheLengthOfTheFileUnlessTheRequestSaysMore() throws Exception {
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
