package dev.bgem3.app.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.Output;
import dev.bgem3.PairScores;
import dev.bgem3.Pooling;
import dev.bgem3.ScoreWeights;
import dev.bgem3.TextPair;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Compares each route's responses with the library's results. */
class RoutesTest extends OnMiniServer {
    private static final List<String> TEXTS = List.of("What is BGE M3?", "Definition of BM25", "你好，世界 😀",
            "naïve Füße");

    private static String quoted(Object value) {
        return ServerFixture.JSON.writeValueAsString(value);
    }

    private static float[] floats(JsonNode list) {
        float[] values = new float[list.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.parseFloat(list.get(i).asString());
        }
        return values;
    }

    @Test
    void encodeEqualsTheLibraryBitForBit() throws Exception {
        JsonNode answer = server.json("/v1/encode", "{\"inputs\":" + quoted(TEXTS)
                + ",\"outputs\":[\"dense\",\"sparse\",\"colbert\"],\"tokens\":true}");
        List<Embedding> expected = model.encode(TEXTS,
                EncodeOptions.of(Output.DENSE, Output.SPARSE, Output.COLBERT));

        assertThat(answer.get("model").stringValue()).isEqualTo("mini");
        for (int i = 0; i < TEXTS.size(); i++) {
            JsonNode result = answer.get("results").get(i);
            Embedding embedding = expected.get(i);
            assertThat(floats(result.get("dense"))).isEqualTo(embedding.dense().values());
            JsonNode sparse = result.get("sparse");
            assertThat(sparse.get("indices").values().stream().mapToInt(JsonNode::intValue).toArray())
                    .isEqualTo(embedding.lexicalWeights().tokenIds());
            assertThat(floats(sparse.get("values"))).isEqualTo(embedding.lexicalWeights().weights());
            assertThat(sparse.get("tokens").values().stream().map(JsonNode::stringValue).toList())
                    .isEqualTo(Arrays.stream(embedding.lexicalWeights().tokenIds())
                            .mapToObj(model.tokenizer()::decode).toList());
            assertThat(result.get("colbert_tokens").size()).isEqualTo(embedding.colbert().rows());
            for (int row = 0; row < embedding.colbert().rows(); row++) {
                assertThat(floats(result.get("colbert").get(row))).isEqualTo(embedding.colbert().row(row));
            }
            assertThat(result.get("token_count").intValue()).isEqualTo(embedding.tokenCount());
            assertThat(result.get("truncated").booleanValue()).isFalse();
        }
    }

    @Test
    void encodeWritesColbertAsBase64() throws Exception {
        float[] expected = model.encode(TEXTS.getFirst(), EncodeOptions.of(Output.COLBERT)).colbert()
                .values();
        for (String format : List.of("fp32", "fp16")) {
            JsonNode colbert = server.json("/v1/encode", "{\"inputs\":" + quoted(TEXTS.getFirst())
                    + ",\"outputs\":[\"colbert\"],\"colbert_format\":\"base64_" + format + "\"}")
                    .get("results").get(0)
                    .get("colbert");
            ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(colbert.get("data").stringValue()))
                    .order(ByteOrder.LITTLE_ENDIAN);
            assertThat(colbert.get("dtype").stringValue()).isEqualTo(format);
            assertThat(colbert.get("shape").get(0).intValue() * colbert.get("shape").get(1).intValue())
                    .isEqualTo(expected.length);
            for (float value : expected) {
                if (format.equals("fp32")) {
                    assertThat(bytes.getFloat()).isEqualTo(value);
                } else {
                    assertThat(bytes.getShort()).isEqualTo(Float.floatToFloat16(value));
                }
            }
            assertThat(bytes.hasRemaining()).isFalse();
        }
    }

    @Test
    void sendsALongResponseInPieces() throws Exception {
        String text = "what is the meaning of this ".repeat(60);
        JsonNode results = server.json("/v1/encode",
                "{\"inputs\":" + quoted(List.of(text, text, text)) + ",\"outputs\":[\"colbert\"]}")
                .get("results");
        Embedding expected = model.encode(text, EncodeOptions.of(Output.COLBERT));
        assertThat(results.size()).isEqualTo(3);
        assertThat(results.get(2).get("colbert").size()).isEqualTo(expected.colbert().rows());
        int last = expected.colbert().rows() - 1;
        assertThat(floats(results.get(2).get("colbert").get(last))).isEqualTo(expected.colbert().row(last));
    }

    @Test
    void scoreHasTheLibrarysFiveScores() throws Exception {
        ScoreWeights weights = new ScoreWeights(0.4, 0.2, 0.4);
        JsonNode answer = server.json("/v1/score",
                "{\"query\":\"What is BM25?\",\"passages\":" + quoted(TEXTS)
                        + ",\"weights\":[0.4,0.2,0.4]}");
        List<PairScores> expected = model.computeScore(
                TEXTS.stream().map(text -> new TextPair("What is BM25?", text)).toList(), weights,
                EncodeOptions.defaults());
        for (int i = 0; i < TEXTS.size(); i++) {
            JsonNode scores = answer.get("scores").get(i);
            PairScores pair = expected.get(i);
            assertThat(Stream.of("dense", "sparse", "colbert", "sparse+dense", "colbert+sparse+dense")
                    .map(name -> Float.parseFloat(scores.get(name).asString())))
                    .containsExactly(pair.dense(), pair.sparse(), pair.colbert(), pair.sparseDense(),
                            pair.colbertSparseDense());
        }
    }

    @Test
    void embedAcceptsAllFormatsOfInput() throws Exception {
        float[] expected = model.encode(TEXTS.getFirst()).dense().values();
        int[] ids = model.tokenizer().encode(TEXTS.getFirst()).ids();
        for (String inputs : List.of(quoted(TEXTS.getFirst()), quoted(List.of(TEXTS.getFirst())), quoted(ids),
                quoted(List.of(ids)), "[" + quoted(TEXTS.getFirst()) + "," + quoted(ids) + "]")) {
            for (String path : List.of("/embed", "/", "/invocations")) {
                JsonNode answer = server.json(path, "{\"inputs\":" + inputs + ",\"unknown\":1}");
                assertThat(answer.values()).allSatisfy(row -> assertThat(floats(row)).isEqualTo(expected));
            }
        }
    }

    @Test
    void embedSparseGivesPairsInAscendingOrder() throws Exception {
        var weights = model.encode(TEXTS.getFirst(), EncodeOptions.of(Output.SPARSE)).lexicalWeights();
        JsonNode answer = server.json("/embed_sparse", "{\"inputs\":" + quoted(TEXTS.getFirst()) + "}")
                .get(0);
        assertThat(
                IntStream.range(0, answer.size()).map(i -> answer.get(i).get("index").intValue()).toArray())
                .isEqualTo(weights.tokenIds()).isSorted();
        assertThat(Float.parseFloat(answer.get(0).get("value").asString())).isEqualTo(weights.weights()[0]);
    }

    @Test
    void embedAllHasTheTokenStatesThatPoolingUses() throws Exception {
        JsonNode answer = server.json("/embed_all", "{\"inputs\":" + quoted(TEXTS) + "}");
        EncodeOptions.Builder options = EncodeOptions.builder().normalize(false);
        for (int i = 0; i < TEXTS.size(); i++) {
            JsonNode rows = answer.get(i);
            assertThat(rows.size()).isEqualTo(model.tokenizer().encode(TEXTS.get(i)).length());
            assertThat(floats(rows.get(0))).isEqualTo(
                    model.encode(TEXTS.get(i), options.pooling(Pooling.CLS).build()).dense().values());
            assertThat(floats(rows.get(rows.size() - 1))).isEqualTo(
                    model.encode(TEXTS.get(i), options.pooling(Pooling.LAST_TOKEN).build()).dense().values());
            double[] sums = new double[model.info().hiddenSize()];
            for (JsonNode row : rows.values()) {
                float[] state = floats(row);
                Arrays.setAll(sums, d -> sums[d] + state[d]);
            }
            double length = Math.sqrt(Arrays.stream(sums).map(sum -> sum * sum).sum());
            float[] mean = model.encode(TEXTS.get(i), EncodeOptions.builder().pooling(Pooling.MEAN).build())
                    .dense().values();
            for (int d = 0; d < mean.length; d++) {
                assertThat((float) (sums[d] / length)).isEqualTo(mean[d], within(1e-6f));
            }
        }
    }

    @Test
    void rerankSortsByScore() throws Exception {
        JsonNode ranks = server.json("/rerank",
                """
                {"query":"What is BM25?","texts":["BGE M3 embeds text.","BM25 ranks \
                documents."],"return_text":true}""");
        assertThat(ranks.get(0).get("index").intValue()).isOne();
        assertThat(ranks.get(0).get("text").stringValue()).isEqualTo("BM25 ranks documents.");
        assertThat(ranks.get(0).get("score").floatValue())
                .isGreaterThan(ranks.get(1).get("score").floatValue());
    }

    @Test
    void similarityIsTheCosine() throws Exception {
        JsonNode answer = server.json("/similarity",
                "{\"inputs\":{\"source_sentence\":\"What is BM25?\",\"sentences\":"
                        + quoted(TEXTS) + "},\"parameters\":{\"truncate\":true}}");
        float expected = model.encode("What is BM25?").dense().dot(model.encode(TEXTS.get(1)).dense());
        assertThat(Float.parseFloat(answer.get(1).asString())).isEqualTo(expected);
    }

    @Test
    void tokenizeAndDecodeRoundTrip() throws Exception {
        JsonNode tokens = server.json("/tokenize", "{\"inputs\":\"Is 😀 it?\"}").get(0);
        assertThat(tokens.get(0).get("text").stringValue()).isEqualTo("<s>");
        assertThat(tokens.get(0).get("special").booleanValue()).isTrue();
        assertThat(tokens.get(0).get("start").isNull()).isTrue();
        JsonNode last = tokens.get(tokens.size() - 2);
        // The emoji is one character but two UTF-16 units.
        assertThat(last.get("stop").intValue()).isEqualTo(8);
        assertThat(
                server.json("/tokenize", "{\"inputs\":[\"it\"],\"add_special_tokens\":false}").get(0).get(0)
                        .get("text").stringValue())
                .isEqualTo("it");

        int[] ids = model.tokenizer().encode("What is BGE M3?").ids();
        assertThat(server.json("/decode", "{\"ids\":" + quoted(ids) + "}").get(0).stringValue())
                .isEqualTo("What is BGE M3?");
        assertThat(
                server.json("/decode", "{\"ids\":" + quoted(List.of(ids)) + ",\"skip_special_tokens\":false}")
                        .get(0)
                        .stringValue())
                .isEqualTo("<s> What is BGE M3?</s>");
    }

    @Test
    void reportsTruncationAtTheRequestedSide() throws Exception {
        String text = "one two three four five six seven eight nine ten";
        int[] ids = model.tokenizer().encode(text).ids();
        int[] right = model.tokenizer().encode(text, 6).ids();
        int[] left = IntStream.concat(IntStream.of(ids[0]), Arrays.stream(ids, ids.length - 5, ids.length))
                .toArray();
        for (var side : List.of(new Object[]{"Right", right}, new Object[]{"left", left})) {
            HttpResponse<String> response = server.post("/v1/encode", "{\"inputs\":[\"a\"," + quoted(text)
                    + "," + quoted(ids) + "],\"max_length\":6,\"truncation_direction\":\"" + side[0] + "\"}");
            assertThat(response.headers().firstValue("x-truncated-inputs")).hasValue("1,2");
            float[] expected = model.encodeTokenIds(List.of((int[]) side[1]), EncodeOptions.defaults())
                    .getFirst().dense().values();
            for (int i = 1; i <= 2; i++) { // Ids keep their special tokens like their text.
                JsonNode result = ServerFixture.JSON.readTree(response.body()).get("results").get(i);
                assertThat(result.get("truncated").booleanValue()).isTrue();
                assertThat(result.get("full_token_count").intValue()).isEqualTo(ids.length);
                assertThat(floats(result.get("dense"))).isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /rerank     | {"query":"%s","texts":["a","%s"]}      | query,1
            /rerank     | {"query":"a","texts":["%s","a","%s"]}  | 0,2
            /v1/score   | {"query":"%s","passages":["%s","a"]}   | query,0
            /similarity|{"inputs":{"source_sentence":"%s","sentences":["a","%s"]}}|inputs.source_sentence,1
            """)
    void namesTruncatedTextsByTheirPlace(String path, String body, String places) throws Exception {
        HttpResponse<String> response = server.post(path, body.replace("%s", "word ".repeat(3000)));
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("x-truncated-inputs")).hasValue(places);
    }

    @Test
    void rejectsALongTextIfItMustNotBeTruncated() throws Exception {
        HttpResponse<String> response = server.post("/embed",
                "{\"inputs\":" + quoted("word ".repeat(3000)) + ",\"truncate\":false}");
        assertThat(response.statusCode()).isEqualTo(422);
        assertThat(response.body()).contains("tokens (expected: at most 1024",
                "\"error_type\":\"Validation\"");
    }

    @Test
    void headersReportTheCostOfARequest() throws Exception {
        HttpResponse<String> response = server.post("/embed", "{\"inputs\":\"What is BGE M3?\"}");
        assertThat(response.headers().firstValue("x-compute-characters")).hasValue("15");
        assertThat(response.headers().firstValue("x-compute-tokens")).hasValue("10");
        assertThat(response.headers().map()).containsKeys("x-compute-type", "x-compute-time", "x-total-time",
                "x-tokenization-time", "x-queue-time", "x-inference-time");
        assertThat(response.headers().firstValue("x-truncated-inputs")).isEmpty();
    }

    @Test
    void openAiWritesFloatsOrBase64() throws Exception {
        float[] expected = model.encode("text").dense().values();
        JsonNode plain = server.json("/v1/embeddings",
                "{\"input\":\"text\",\"model\":\"mine\",\"user\":\"me\"}");
        assertThat(floats(plain.get("data").get(0).get("embedding"))).isEqualTo(expected);
        assertThat(plain.get("model").stringValue()).isEqualTo("mine");
        assertThat(plain.get("usage").get("total_tokens").intValue()).isEqualTo(3);
        ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(
                server.json("/embeddings", "{\"input\":[\"text\"],\"encoding_format\":\"base64\"}")
                        .get("data").get(0)
                        .get("embedding").stringValue()))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (float value : expected) {
            assertThat(bytes.getFloat()).isEqualTo(value);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /embed          | {                                     | 400 | not JSON, line 1
            /embed          | {"inputs":"a","inputs":"b"}           | 400 | Duplicate
            /embed          | {"inputs":"a"} x                      | 400 | not JSON
            /embed | [1] | 422 | body: a list (expected: a JSON object)
            /embed          | {}                                    | 422 | inputs: missing
            /embed          | {"inputs":null}                       | 422 | inputs: missing
            /embed          | {"inputs":{}}                         | 422 | inputs: an object
            /embed          | {"inputs":["a",1]}                    | 422 | inputs[1]: a number
            /embed | {"inputs":[1,-2]} | 422 | inputs[1]: -2 (expected: a token id)
            /embed          | {"inputs":[99999999]}                 | 422 | token id 99999999
            /embed          | {"inputs":[]}                         | 400 | inputs: empty
            /embed          | {"inputs":["a",""]}                   | 400 | inputs[1]: empty
            /embed          | {"inputs":"a","normalize":1}          | 422 | normalize: a number
            /embed          | {"inputs":"a","dimensions":0}         | 422 | dimensions: 0
            /embed          | {"inputs":"a","dimensions":257}       | 422 | dimensions: 257 (expected: 1..256)
            /embed          | {"inputs":"a","truncation_direction":"up"} | 422 | one of right, left
            /embed          | {"inputs":"a","prompt_name":"query"}  | 422 | prompt_name
            /v1/encode      | {"inputs":"a","output":["dense"]}     | 422 | output: unknown field
            /v1/encode | {"inputs":"a","outputs":["dens"]} | 422 | expected: some of dense, sparse, colbert
            /v1/encode      | {"inputs":"a","outputs":[]}           | 422 | outputs: empty
            /v1/encode      | {"inputs":"a","max_length":1}         | 422 | max_length: 1
            /v1/encode      | {"inputs":"a","max_length":9999}      | 422 | the model's limit
            /v1/score       | {"query":"a","passages":[]}           | 400 | passages: empty
            /v1/score       | {"query":"a","passages":["b"],"weights":[1]} | 422 | weights: 1 numbers
            /v1/score       | {"query":"a","passages":["b"],"weights":[0,0,1]} | 422 | dense + sparse is 0
            /rerank         | {"query":"","texts":["a"]}            | 400 | query: empty
            /rerank         | {"query":"a","texts":["b",""]}        | 400 | texts[1]: empty
            /similarity|{"inputs":{"source_sentence":"","sentences":["a"]}}|400|inputs.source_sentence: empty
            /decode         | {"ids":[99999999]}                    | 422 | ids: 99999999
            /decode         | {"ids":[]}                            | 400 | ids: empty
            /decode         | {}                                    | 422 | ids: missing
            /tokenize       | {"inputs":[1]}                        | 422 | token ids (expected: a string)
            """)
    void explainsBadRequests(String path, String body, int status, String message)
            throws Exception {
        HttpResponse<String> response = server.post(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(ServerFixture.JSON.readTree(response.body()).get("error").stringValue()).contains(message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /embed|{"inputs":["b","a\\ud83d"]}|{"inputs":["b","a\ufffd"]}
            /v1/embeddings|{"input":"\\udc4da"}|{"input":"\ufffda"}
            /v1/encode|{"inputs":"a\\ud83db"}|{"inputs":"a\ufffdb"}
            /v1/score|{"query":"\\uD83D","passages":["b"]}|{"query":"\ufffd","passages":["b"]}
            /v1/rerank|{"query":"a","documents":[{"text":"\\ud83d"}]}|{"query":"a","documents":["\ufffd"]}
            /tokenize|{"inputs":"a \\ud83d"}|{"inputs":"a \ufffd"}
            """)
    void readsLoneSurrogatesAsTheReplacementCharacter(String path, String cut, String same) throws Exception {
        String before = server.log();
        assertThat(server.json(path, "\ufeff" + cut)).isEqualTo(server.json(path, same));
        assertThat(server.log().substring(before.length()))
                .contains("bgem3: warning: lone surrogates in a request, read as U+FFFD: 1");
        assertThat(server.get("/metrics").body()).containsPattern("bgem3_lone_surrogates [1-9]");
    }

    @Test
    void openAiErrorsHaveBothFormats() throws Exception {
        JsonNode error = ServerFixture.JSON.readTree(server.post("/v1/embeddings", "{\"input\":{}}").body());
        assertThat(error.get("error").get("type").stringValue()).isEqualTo("invalid_request_error");
        assertThat(error.get("error").get("message")).isEqualTo(error.get("message"));
        assertThat(error.get("code").intValue()).isEqualTo(422);
        assertThat(error.get("type").stringValue()).isEqualTo("Validation");
    }

    @Test
    void rejectsTooManyTexts() throws Exception {
        HttpResponse<String> response = server.post("/embed",
                "{\"inputs\":" + quoted(Collections.nCopies(33, "a")) + "}");
        assertThat(response.statusCode()).isEqualTo(422);
        assertThat(response.body()).contains("batch size 33 > maximum allowed batch size 32");
    }

    /** Once the end of such a response was not sent before the client's next request. */
    @Test
    void completesALargeSlowResponseAtOnce() {
        String text = "retrieval of documents ".repeat(300);
        String body = "{\"inputs\":" + quoted(Collections.nCopies(16, text)) + ",\"outputs\":[\"colbert\"]}";
        HttpResponse<String> response = assertTimeoutPreemptively(Duration.ofMinutes(2),
                () -> server.post("/v1/encode", body));
        assertThat(response.body()).endsWith("}}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "none", value = {
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8 | true", "TEXT/HTML | true",
            "application/json, text/html;q=0.5 | true", "text/html;charset=utf-8;q=1 | true", "none | false",
            "*/* | false", "text/* | false",
            "application/json | false", "text/html;q=0, */* | false", "text/html; Q = 0.000 | false",
            ",;,=;q | false"})
    void rootIsThePageForBrowsersAndHealthForOthers(String accept, boolean page) throws Exception {
        HttpRequest.Builder request = server.request("/");
        if (accept != null) {
            request.header("Accept", accept);
        }
        HttpResponse<String> response = server.send(request.build());
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("Vary")).hasValue("Accept");
        assertThat(response.body().isEmpty()).isEqualTo(!page);
        assertThat(response.headers().firstValue("Content-Type").isPresent()).isEqualTo(page);
        HttpResponse<String> head = server.send(request.method("HEAD", BodyPublishers.noBody()).build());
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
    }

    @Test
    void rejectsUnknownPathsAndMethods() throws Exception {
        assertThat(server.get("/nothing").statusCode()).isEqualTo(404);
        HttpResponse<String> wrong = server.send(server.request("/embed").DELETE().build());
        assertThat(wrong.statusCode()).isEqualTo(405);
        assertThat(wrong.headers().firstValue("allow")).hasValue("POST");
        assertThat(server.send(server.request("/health").method("HEAD", BodyPublishers.noBody()).build())
                .statusCode())
                .isEqualTo(200);
    }

    @Test
    void describesTheServer() throws Exception {
        JsonNode info = ServerFixture.JSON.readTree(server.get("/info").body());
        assertThat(info.get("model_id").stringValue()).isEqualTo("mini");
        assertThat(info.get("model_type").get("embedding").get("pooling").stringValue()).isEqualTo("cls");
        assertThat(info.get("max_input_length").intValue()).isEqualTo(1024);
        assertThat(info.get("outputs").toString()).isEqualTo("[\"dense\",\"sparse\",\"colbert\"]");
        assertThat(server.get("/health").body()).isEmpty();
        server.post("/embed", "{\"inputs\":\"counted\"}");
        assertThat(server.get("/metrics").body()).contains("te_request_count{method=\"/embed\"}",
                "te_queue_size ",
                "te_request_duration_bucket{le=\"0.001\"}", "te_batch_next_tokens_sum");
    }

    @Test
    void logHasOneLinePerRequestAndNoText() throws Exception {
        server.post("/embed", "{\"inputs\":\"a secret of the client\"}");
        server.post("/embed", "{\"inputs\":\"a secret of the client\",\"truncate\":\"a secret\"}");
        server.get("/a-secret-path?secret=1");
        assertThat(server.log()).doesNotContain("secret");
        assertThat(server.log().lines().filter(line -> !line.startsWith("bgem3: warning: "))
                .map(ServerFixture.JSON::readTree)).allSatisfy(
                        line -> assertThat(line.propertyNames()).containsExactly("time", "method", "route",
                                "status",
                                "ms",
                                "texts", "tokens"));
    }
}
