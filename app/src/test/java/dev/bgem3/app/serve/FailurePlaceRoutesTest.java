package dev.bgem3.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.BgeM3;
import dev.bgem3.Reranker;
import dev.bgem3.app.BrokenModel;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/**
 * Messages name the text by its field in the request, whether the server, the library or its queue fails.
 */
class FailurePlaceRoutesTest {
    private static final String LONG = "word ".repeat(600);
    private static final Path FIXTURES = ServerFixture.ROOT.resolve("src/fixtures");

    @TempDir
    private static Path encoderFolder;
    @TempDir
    private static Path rerankerFolder;

    private static BgeM3 encoder;
    private static Reranker reranker;
    private static ServerFixture encoderServer;
    private static ServerFixture rerankerServer;

    @BeforeAll
    static void start() {
        encoder = BgeM3.load(BrokenModel.write(FIXTURES.resolve("tiny-m3-safetensors"), encoderFolder));
        reranker = Reranker.load(BrokenModel.write(FIXTURES.resolve("tiny-reranker"), rerankerFolder));
        encoderServer = new ServerFixture(encoder, ServerFixture.DEFAULTS);
        rerankerServer = new ServerFixture(new ServedModel.CrossEncoder(reranker), ServerFixture.DEFAULTS);
    }

    @AfterAll
    static void stop() {
        encoderServer.close();
        rerankerServer.close();
        encoder.close();
        reranker.close();
    }

    private static void assertFails(ServerFixture server, String path, String body, int status, String type,
            String message) throws Exception {
        HttpResponse<String> response = server.post(path, body.replace("LONG", LONG));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        JsonNode answer = ServerFixture.JSON.readTree(response.body());
        JsonNode error = answer.get("error");
        assertThat((error.isObject() ? error.get("message") : error).stringValue())
                .startsWith(message.replace("MANY",
                        encoder.tokenizer().encode(LONG).length() + " tokens (expected: at most 512"));
        assertThat(answer.get(error.isObject() ? "type" : "error_type").stringValue()).isEqualTo(type);
        assertThat(server.log()).doesNotContain("panda");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            /v1/encode | {"inputs":["panda"]} | 424 | Backend | inputs[0] ("panda"): dense: number
            /v1/encode | {"inputs":"panda"} | 424 | Backend | inputs ("panda"): dense: number
            /v1/encode | {"inputs":[[0,5,2]]} | 424 | Backend | inputs[0]: dense: number
            /v1/encode | {"inputs":[[]]} | 422 | Validation | inputs[0]: 0 token ids
            /v1/encode | {"inputs":[[0,99999]]} | 422 | Tokenizer | inputs[0]: token id 99999
            /v1/encode | {"inputs":["LONG"],"truncate":false} | 422 | Validation | inputs[0]: MANY; "tru
            /v1/embeddings | {"input":["panda"]} | 424 | Backend | input[0] ("panda"): dense: number
            /v1/embeddings | {"input":["panda",""]} | 400 | Empty | input[1]: empty
            /v1/score|{"query":"","passages":["LONG"],"truncate":false}|422|Validation|passages[0]: MANY
            /rerank | {"query":"a","texts":["LONG"],"truncate":false} | 422 | Validation | texts[0]: MANY
            /v1/rerank|{"query":"a","documents":["LONG"],"truncate":false}|422|Validation|documents[0]: MANY
            /decode | {"ids":[[0],[99999]]} | 422 | Tokenizer | ids[1]: 99999
            """)
    void encoderRoutesNameThePlace(String path, String body, int status, String type, String message)
            throws Exception {
        assertFails(encoderServer, path, body, status, type, message);
    }

    /** Which of the two is named depends on the batches, but each is named by its field. */
    @ParameterizedTest
    @CsvSource({"/v1/score, passages", "/rerank, texts"})
    void namesAPassageByItsPlace(String path, String field) throws Exception {
        HttpResponse<String> response = encoderServer.post(path,
                "{\"query\":\"what\",\"" + field + "\":[\"panda\"]}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(424);
        assertThat(ServerFixture.JSON.readTree(response.body()).get("error").stringValue())
                .matches("(query \\(\"what\"\\)|" + field + "\\[0] \\(\"panda\"\\)): dense: number .*");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"query":"what","texts":["panda"]} | 424 | Backend | texts[0] ("what", "panda"): score: NaN
            {"query":"what","texts":["a","LONG"],"truncate":false}|422|Validation|texts[1] ("what", "word
            """)
    void rerankerRouteNamesThePlace(String body, int status, String type, String message) throws Exception {
        assertFails(rerankerServer, "/rerank", body, status, type, message);
    }
}
