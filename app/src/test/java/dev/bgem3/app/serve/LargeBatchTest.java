package dev.bgem3.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.BgeM3;
import dev.bgem3.testsupport.TestSizes;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Tests batches as large as OpenAI's clients send. */
@Timeout(300)
class LargeBatchTest {
    private static final int TEXTS = 2048;
    private static BgeM3 model;

    @BeforeAll
    static void load() {
        model = BgeM3.load(ServerFixture.MINI);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static ServeOptions options(int permits, int batchTokens, Duration timeout) {
        return new ServeOptions("127.0.0.1", 0, Optional.empty(), permits, OptionalInt.of(batchTokens), TEXTS,
                2_000_000, true, timeout, Duration.ofSeconds(10), false);
    }

    private static String body(String field, int count) {
        return "{\"" + field + "\":" + ServerFixture.JSON.writeValueAsString(
                IntStream.range(0, count).mapToObj(i -> "text " + i).toList()) + "}";
    }

    private static String longBody(int count, int words) {
        return "{\"inputs\":" + ServerFixture.JSON.writeValueAsString(
                IntStream.range(0, count).mapToObj(i -> "word ".repeat(words) + i).toList()) + "}";
    }

    @Test
    void answersAsManyTextsAsInfoAllows() throws Exception {
        try (ServerFixture server = new ServerFixture(model, ServerFixture.PLAIN)) {
            int max = ServerFixture.JSON.readTree(server.get("/info").body()).get("max_client_batch_size")
                    .intValue();
            assertThat(max).isEqualTo(TEXTS);
            for (int count : TestSizes.pick(new int[]{33, 513}, new int[]{33, 512, 513, max})) {
                JsonNode data = server.json("/v1/embeddings", body("input", count)).get("data");
                assertThat(data.size()).isEqualTo(count);
                assertThat(Float.parseFloat(data.get(count - 1).get("embedding").get(0).asString()))
                        .isEqualTo(model.encode("text " + (count - 1)).dense().values()[0]);
            }
            HttpResponse<String> refused = server.post("/v1/embeddings", body("input", max + 1));
            assertThat(refused.statusCode()).isEqualTo(422);
            assertThat(refused.body()).contains("batch size 2049 > maximum allowed batch size 2048",
                    "--max-client-batch-size");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8})
    void answersMoreTextsThanThereArePermits(int permits) throws Exception {
        try (ServerFixture server = new ServerFixture(model,
                options(permits, 4096, Duration.ofSeconds(60)))) {
            assertThat(server.json("/embed", body("inputs", 100)).size()).isEqualTo(100);
            assertThat(server.get("/metrics").body()).contains("bgem3_permits_free " + permits + ".0");
        }
    }

    @Test
    void answersSmallRequestsBesideALargeOne() throws Exception {
        try (ServerFixture server = new ServerFixture(model, options(64, 256, Duration.ofSeconds(60)))) {
            String body = longBody(TestSizes.pick(512, TEXTS), 20);
            CompletableFuture<HttpResponse<String>> large = server.sendAsync(
                    server.request("/embed").POST(BodyPublishers.ofString(body)).build());
            List<Integer> statuses = new ArrayList<>();
            while (!large.isDone()) {
                HttpResponse<String> small = server.post("/embed", "{\"inputs\":\"a small request\"}");
                if (!large.isDone()) {
                    statuses.add(small.statusCode());
                }
            }
            assertThat(large.join().statusCode()).isEqualTo(200);
            assertThat(statuses).hasSizeGreaterThan(5).containsOnly(200);
        }
    }

    @Test
    void answersARequestThatMakesProgressAfterMoreThanTheTimeout() throws Exception {
        Duration timeout = Duration.ofMillis(300);
        int count = 32;
        while (true) {
            try (ServerFixture server = new ServerFixture(model, options(512, 64, timeout))) {
                long start = System.nanoTime();
                HttpResponse<String> answer = server.post("/embed", longBody(count, 60));
                boolean late = System.nanoTime() - start > timeout.toNanos();
                assertThat(answer.statusCode()).as(answer.body()).isIn(200, 504);
                if (answer.statusCode() == 200 && late) {
                    return;
                }
                if (late) { // The machine is so busy that it computed no batch within the time-out.
                    timeout = timeout.multipliedBy(2);
                    assertThat(timeout).isLessThan(Duration.ofSeconds(60));
                } else {
                    count *= 2;
                    assertThat(count).as("texts computed within the time-out").isLessThanOrEqualTo(TEXTS);
                }
            }
        }
    }

    @Test
    void limitsTheHeaderOfTruncatedTexts() throws Exception {
        try (ServerFixture server = new ServerFixture(model, ServerFixture.PLAIN)) {
            String body = body("inputs", TEXTS);
            HttpResponse<String> answer = server.post("/v1/encode",
                    body.substring(0, body.length() - 1) + ",\"max_length\":2,\"dimensions\":1}");
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.headers().firstValue("x-truncated-inputs").orElseThrow())
                    .startsWith("0,1,2,3,").endsWith(",...").hasSizeLessThan(1100);
        }
    }
}
