package dev.bgem3.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.RerankOptions;
import dev.bgem3.Reranker;
import dev.bgem3.app.serve.ApiKey;
import dev.bgem3.app.serve.Identity;
import dev.bgem3.app.serve.ServeOptions;
import dev.bgem3.app.serve.ServedModel;
import dev.bgem3.app.serve.TextServer;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.cohere.CohereScoringModel;
import dev.langchain4j.model.jina.JinaScoringModel;
import dev.langchain4j.model.scoring.ScoringModel;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Tests the rerank routes with LangChain4j's clients of Cohere and Jina. */
class RerankClientsTest {
    private static final String KEY = "a-key-of-the-test";
    private static final String QUERY = "What is BM25?";
    private static final List<String> TEXTS = List.of("BGE M3 embeds text.", "BM25 ranks documents.",
            "panda");
    private static Reranker model;
    private static TextServer server;

    @BeforeAll
    static void start() {
        model = Reranker.load(Path.of(System.getProperty("bgem3.root"), "src", "fixtures", "tiny-reranker"));
        server = TextServer.start(new ServedModel.CrossEncoder(model), new Identity("tiny-reranker", "test"),
                new ServeOptions("127.0.0.1", 0, Optional.of(new ApiKey(KEY)), 512, OptionalInt.empty(), 2048,
                        ServeOptions.defaultPayloadLimit(), true, Duration.ofSeconds(60),
                        Duration.ofSeconds(10), false),
                new PrintStream(OutputStream.nullOutputStream()));
    }

    @AfterAll
    static void stop() {
        server.close();
        model.close();
    }

    private static String url() {
        return "http://127.0.0.1:" + server.port() + "/";
    }

    private static void assertScores(ScoringModel client) {
        List<Double> scores = client.scoreAll(TEXTS.stream().map(TextSegment::from).toList(), QUERY)
                .content();
        assertThat(scores).hasSameSizeAs(TEXTS);
        model.rerank(QUERY, TEXTS, RerankOptions.builder().normalize(true).build()).forEach(
                expected -> assertThat(scores.get(expected.index()).floatValue())
                        .isEqualTo(expected.score()));
    }

    @Test
    void coheresClientGetsTheLibrarysScores() {
        for (String version : List.of("v1", "v2")) {
            assertScores(CohereScoringModel.builder().baseUrl(url() + version + "/").apiKey(KEY)
                    .modelName("rerank-v3.5").maxRetries(0).build());
        }
    }

    @Test
    void jinasClientGetsTheLibrarysScores() {
        assertScores(JinaScoringModel.builder().baseUrl(url()).apiKey(KEY)
                .modelName("jina-reranker-v2-base-multilingual").maxRetries(0).build());
    }
}
