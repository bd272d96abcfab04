package dev.bgem3.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Tests what clients of OpenAI expect of paths, models and token ids. */
class OpenAiRoutesTest extends OnMiniServer {
    private static JsonNode error(HttpResponse<String> response) {
        return ServerFixture.JSON.readTree(response.body()).get("error");
    }

    @ParameterizedTest
    @ValueSource(strings = {"acme/mini", "mini", "a mini+1%2"})
    void describesTheModelByItsId(String name) throws Exception {
        try (ServerFixture named = new ServerFixture(new ServedModel.Encoder(model), ServerFixture.DEFAULTS,
                name)) {
            JsonNode listed = ServerFixture.JSON.readTree(named.get("/v1/models").body()).get("data").get(0);
            assertThat(listed.get("id").stringValue()).isEqualTo(name);
            String escaped = name.replace("%", "%25").replace(" ", "%20");
            for (String id : List.of(escaped, escaped.replace("/", "%2F"), escaped.replace("/", "%2f"))) {
                HttpResponse<String> response = named.get("/v1/models/" + id);
                assertThat(response.statusCode()).as(id).isEqualTo(200);
                assertThat(ServerFixture.JSON.readTree(response.body())).isEqualTo(listed);
            }
            for (String id : List.of("other", "acme", "acme/", "mini/")) {
                HttpResponse<String> response = named.get("/v1/models/" + id);
                assertThat(response.statusCode()).as(id).isEqualTo(404);
                assertThat(error(response).get("message").stringValue()).contains("expected: " + name);
            }
            assertThat(named.log()).contains("\"route\":\"/v1/models/{id}\"").doesNotContain("other");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            GET    | /v1/nothing      | 404
            POST   | /v1/completions  | 404
            POST   | /v1/models/mini  | 405
            GET    | /v1/embeddings   | 405
            PUT    | /embeddings      | 405
            DELETE | /v1/rerank       | 405
            GET    | /v1/encode       | 405
            POST   | /v1/             | 404
            """)
    void answersUnknownPathsAndMethodsAsOpenAiDoes(String method, String path, int status) throws Exception {
        HttpResponse<String> response = server.send(server.request(path)
                .method(method, java.net.http.HttpRequest.BodyPublishers.ofString("{}")).build());
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(error(response).get("type").stringValue()).isEqualTo("invalid_request_error");
        assertThat(error(response).get("message").stringValue()).isNotEmpty();
        assertThat(response.headers().firstValue("allow").isPresent()).isEqualTo(status == 405);
    }

    @Test
    void answersOtherUnknownPathsAsTextEmbeddingsInferenceDoes() throws Exception {
        for (String path : List.of("/nothing", "/v10/x", "/embed")) {
            assertThat(error(server.get(path)).isString()).as(path).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"[15339,1917]", "[[15339,1917]]", "[[9906]]", "[0]", "[2]", "[0,6]", "[6,2]",
            "[2,0]",
            "[\"a\",[15339]]"})
    void refusesTokenIdsOfAnotherTokenizer(String input) throws Exception {
        for (String path : List.of("/v1/embeddings", "/embeddings")) {
            HttpResponse<String> response = server.post(path, "{\"input\":" + input + "}");
            assertThat(response.statusCode()).as(input).isEqualTo(422);
            assertThat(error(response).get("message").stringValue())
                    .startsWith(input.startsWith("[\"a") ? "input[1]: token ids" : "input")
                    .contains("check_embedding_ctx_length=False", "--foreign-token-ids",
                            "begin with [0] and end with [2]");
        }
        assertThat(server.post("/embed", "{\"inputs\":[[6]]}").statusCode()).isEqualTo(200);
        assertThat(server.post("/v1/encode", "{\"inputs\":[6]}").statusCode()).isEqualTo(200);
    }

    @Test
    void acceptsTokenIdsOfTheModel() throws Exception {
        int[] ids = model.tokenizer().encode("What is BGE M3?").ids();
        JsonNode data = server.json("/v1/embeddings", "{\"input\":[\"What is BGE M3?\","
                + ServerFixture.JSON.writeValueAsString(ids) + ",[0,2]]}").get("data");
        assertThat(data.get(0).get("embedding")).isEqualTo(data.get(1).get("embedding"));
    }

    @Test
    void acceptsForeignTokenIdsIfToldTo() throws Exception {
        ServeOptions any = new ServeOptions("127.0.0.1", 0, Optional.empty(), 512, OptionalInt.empty(), 32,
                2_000_000, true, Duration.ofSeconds(60), Duration.ofSeconds(10), true);
        try (ServerFixture lenient = new ServerFixture(model, any)) {
            assertThat(lenient.json("/v1/embeddings", "{\"input\":[[6,7]]}").get("data").get(0)
                    .get("embedding"))
                    .isEqualTo(lenient.json("/embed", "{\"inputs\":[[6,7]]}").get(0));
        }
    }
}
