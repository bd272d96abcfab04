package dev.bgem3.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import dev.bgem3.BgeM3;
import dev.bgem3.Reranker;
import dev.bgem3.app.serve.Identity;
import dev.bgem3.app.serve.ServeOptions;
import dev.bgem3.app.serve.ServedModel;
import dev.bgem3.app.serve.TextServer;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Compares the OpenAPI document with what the server accepts and sends, by an independent validator. */
class OpenApiTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static BgeM3 model;
    private static TextServer server;
    private static JsonNode document;

    @BeforeAll
    static void start() throws Exception {
        model = BgeM3.load(Path.of(System.getProperty("bgem3.root"), "models", "bge-m3-mini"));
        server = start(new ServedModel.Encoder(model));
        document = JSON.readTree(send("GET", "/openapi.json", "").body());
    }

    private static TextServer start(ServedModel served) {
        return TextServer.start(served, new Identity("bge-m3-mini", "test"),
                new ServeOptions("127.0.0.1", 0, Optional.empty(), 512, OptionalInt.empty(), 32, 2_000_000,
                        true,
                        Duration.ofSeconds(60), Duration.ofSeconds(10), false),
                new PrintStream(OutputStream.nullOutputStream()));
    }

    @AfterAll
    static void stop() {
        server.close();
        model.close();
    }

    private static HttpResponse<String> send(String method, String path, String body) throws Exception {
        return send(server, method, path, body);
    }

    private static HttpResponse<String> send(TextServer server, String method, String path, String body)
            throws Exception {
        return CLIENT.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .method(method, BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
    }

    /** Returns the violations of a value against a schema of the document. */
    private static Set<ValidationMessage> faults(JsonNode schema, JsonNode value) {
        ObjectNode whole = schema.deepCopy();
        whole.set("components", document.get("components"));
        return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(whole)
                .validate(value);
    }

    /** An operation of the document. */
    private record Operation(String method, String path, JsonNode content) {
        JsonNode answer(int status) {
            return content.at("/responses/" + status + "/content/application~1json/schema");
        }
    }

    private static List<Operation> operations() {
        List<Operation> operations = new ArrayList<>();
        document.get("paths").properties().forEach(path -> path.getValue().properties().forEach(
                method -> operations
                        .add(new Operation(method.getKey().toUpperCase(Locale.ROOT), path.getKey(),
                                method.getValue()))));
        return operations;
    }

    @Test
    void isAnOpenApiDocument() {
        assertThat(document.get("openapi").asText()).startsWith("3.1");
        assertThat(operations()).hasSizeGreaterThan(15);
    }

    @Test
    void everyGetRouteAnswersByItsSchema() throws Exception {
        for (Operation operation : operations()) {
            if (operation.method().equals("GET")) {
                HttpResponse<String> response = send("GET", operation.path().replace("{id}", "bge-m3-mini"),
                        "");
                assertThat(response.statusCode()).as(operation.path()).isEqualTo(200);
                JsonNode schema = operation.answer(200);
                if (!schema.isMissingNode()) {
                    assertThat(faults(schema, JSON.readTree(response.body()))).as(operation.path()).isEmpty();
                }
            }
        }
    }

    @Test
    void everyExampleIsAcceptedAndAnsweredByItsSchema() throws Exception {
        for (Operation operation : operations()) {
            JsonNode request = operation.content().at("/requestBody/content/application~1json");
            for (JsonNode example : request.path("examples")) {
                JsonNode value = example.get("value");
                assertThat(faults(request.get("schema"), value)).as(operation.path()).isEmpty();
                HttpResponse<String> response = send("POST", operation.path(), value.toString());
                assertThat(response.statusCode()).as(operation.path() + response.body()).isEqualTo(200);
                assertThat(faults(operation.answer(200), JSON.readTree(response.body())))
                        .as(operation.path() + " " + response.body()).isEmpty();
                operation.content().at("/responses/200/headers").fieldNames().forEachRemaining(header -> {
                    if (header.startsWith("x-compute")) {
                        assertThat(response.headers().firstValue(header)).as(header).isPresent();
                    }
                });
            }
        }
    }

    @Test
    void rerankerAnswersByTheSchemas() throws Exception {
        try (Reranker reranker = Reranker
                .load(Path.of(System.getProperty("bgem3.root"), "src", "fixtures", "tiny-reranker"));
                TextServer other = start(new ServedModel.CrossEncoder(reranker))) {
            String body = "{\"query\":\"What is BM25?\",\"texts\":[\"panda\",\"\"],\"return_text\":true}";
            Set<String> ranking = Set.of("/rerank", "/v1/rerank", "/v2/rerank", "/", "/invocations");
            for (Operation operation : operations()) {
                boolean get = operation.method().equals("GET");
                if (get && !operation.path().equals("/info") || operation.path().equals("/tokenize")
                        || operation.path().equals("/decode")) {
                    continue;
                }
                HttpResponse<String> response = send(other, operation.method(), operation.path(),
                        get ? "" : body);
                assertThat(response.statusCode()).as(operation.path())
                        .isEqualTo(get || ranking.contains(operation.path()) ? 200 : 424);
                assertThat(faults(operation.answer(response.statusCode()), JSON.readTree(response.body())))
                        .as(operation.path() + " " + response.body()).isEmpty();
            }
        }
    }

    @Test
    void errorsMatchTheSchemas() throws Exception {
        for (Operation operation : operations()) {
            if (operation.method().equals("POST")) {
                for (String body : List.of("{", "{}", "[]",
                        "{\"inputs\":[],\"input\":[],\"ids\":1,\"query\":1}",
                        "{\"a\":\"" + "x".repeat(2_000_000) + "\"}")) {
                    HttpResponse<String> response = send("POST", operation.path(), body);
                    assertThat(response.statusCode()).as(operation.path()).isBetween(400, 499);
                    JsonNode schema = operation.answer(response.statusCode());
                    assertThat(schema.isMissingNode()).as(operation.path() + response.statusCode()).isFalse();
                    assertThat(faults(schema, JSON.readTree(response.body()))).as(response.body()).isEmpty();
                }
            }
        }
    }
}
