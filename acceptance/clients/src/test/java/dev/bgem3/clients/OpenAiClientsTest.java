package dev.bgem3.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.errors.NotFoundException;
import com.openai.errors.UnauthorizedException;
import com.openai.errors.UnprocessableEntityException;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.EmbeddingCreateParams;
import dev.bgem3.BgeM3;
import dev.bgem3.EncodeOptions;
import dev.bgem3.app.serve.ApiKey;
import dev.bgem3.app.serve.Identity;
import dev.bgem3.app.serve.ServeOptions;
import dev.bgem3.app.serve.ServedModel;
import dev.bgem3.app.serve.TextServer;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Tests OpenAI's interface with the clients of OpenAI and of LangChain4j. */
class OpenAiClientsTest {
    private static final String KEY = "a-key-of-the-test";
    private static BgeM3 model;
    private static TextServer server;

    @BeforeAll
    static void start() {
        model = BgeM3.load(Path.of(System.getProperty("bgem3.root"), "models", "bge-m3-mini"));
        server = TextServer.start(new ServedModel.Encoder(model), new Identity("bge-m3-mini", "test"),
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

    private static OpenAIClient openAi(String key) {
        return OpenAIOkHttpClient.builder().baseUrl(url()).apiKey(key).maxRetries(0).build();
    }

    private static String url() {
        return "http://127.0.0.1:" + server.port() + "/v1";
    }

    @Test
    void openAiClientGetsTheLibrarysVectors() {
        List<String> texts = List.of("What is BGE M3?", "Definition von BM25");
        CreateEmbeddingResponse response = openAi(KEY).embeddings()
                .create(EmbeddingCreateParams.builder().model("bge-m3-mini").inputOfArrayOfStrings(texts)
                        .build());

        assertThat(response.data()).hasSize(2);
        for (int i = 0; i < texts.size(); i++) {
            float[] expected = model.encode(texts.get(i)).dense().values();
            assertThat(response.data().get(i).index()).isEqualTo(i);
            List<Float> got = response.data().get(i).embedding();
            assertThat(got).hasSize(expected.length);
            for (int d = 0; d < expected.length; d++) {
                assertThat(got.get(d)).isEqualTo(expected[d]);
            }
        }
        assertThat(response.model()).isEqualTo("bge-m3-mini");
        assertThat(response.usage().promptTokens())
                .isEqualTo(texts.stream().mapToLong(text -> model.tokenizer().encode(text).length()).sum());
    }

    @Test
    void openAiClientCanRequestFewerDimensionsAndFloats() {
        CreateEmbeddingResponse response = openAi(KEY).embeddings()
                .create(EmbeddingCreateParams.builder().model("any").input("What is BGE M3?").dimensions(8)
                        .encodingFormat(EmbeddingCreateParams.EncodingFormat.FLOAT).build());
        float[] expected = model.encode("What is BGE M3?", EncodeOptions.builder().truncateDim(8).build())
                .dense()
                .values();
        List<Float> got = response.data().getFirst().embedding();
        assertThat(got).hasSize(8);
        assertThat(got.get(7)).isEqualTo(expected[7]);
    }

    @Test
    void openAiClientMapsErrorsToItsExceptions() {
        assertThatThrownBy(() -> openAi("wrong").embeddings()
                .create(EmbeddingCreateParams.builder().model("m").input("text").build()))
                .isInstanceOf(UnauthorizedException.class).hasMessageContaining("API key missing or wrong");
        assertThatThrownBy(() -> openAi(KEY).embeddings()
                .create(EmbeddingCreateParams.builder().model("m").input("text").dimensions(100_000).build()))
                .isInstanceOf(UnprocessableEntityException.class).hasMessageContaining("dimensions: 100000");
    }

    @Test
    void openAiClientListsTheModel() {
        assertThat(openAi(KEY).models().list().data()).singleElement()
                .satisfies(listed -> assertThat(listed.id()).isEqualTo("bge-m3-mini"));
    }

    @Test
    void openAiClientRetrievesTheModel() {
        assertThat(openAi(KEY).models().retrieve("bge-m3-mini").id()).isEqualTo("bge-m3-mini");
        assertThatThrownBy(() -> openAi(KEY).models().retrieve("other"))
                .isInstanceOf(NotFoundException.class).hasMessageContaining("expected: bge-m3-mini");
    }

    @Test
    void openAiClientIsToldOfTokenIdsOfAnotherTokenizer() {
        assertThatThrownBy(() -> openAi(KEY).embeddings().create(EmbeddingCreateParams.builder().model("m")
                .inputOfArrayOfTokenArrays(List.of(List.of(15339L, 1917L))).build()))
                .isInstanceOf(UnprocessableEntityException.class)
                .hasMessageContaining("check_embedding_ctx_length=False");
    }

    @Test
    void langChain4jSendsAsManyTextsAsItLikes() {
        OpenAiEmbeddingModel langChain = OpenAiEmbeddingModel.builder().baseUrl(url()).apiKey(KEY)
                .modelName("bge-m3-mini").build();
        List<TextSegment> segments = IntStream.range(0, 2060).mapToObj(i -> TextSegment.from("text " + i))
                .toList();
        var content = langChain.embedAll(segments).content();
        assertThat(content).hasSize(segments.size());
        assertThat(content.getLast().vector()).isEqualTo(model.encode("text 2059").dense().values());
    }

    @Test
    void langChain4jGetsTheLibrarysVectors() {
        OpenAiEmbeddingModel langChain = OpenAiEmbeddingModel.builder().baseUrl(url()).apiKey(KEY)
                .modelName("bge-m3-mini").build();
        List<TextSegment> segments = List.of(TextSegment.from("What is BGE M3?"), TextSegment.from("你好，世界"));
        var response = langChain.embedAll(segments);

        assertThat(response.content()).hasSize(2);
        for (int i = 0; i < segments.size(); i++) {
            assertThat(response.content().get(i).vector())
                    .isEqualTo(model.encode(segments.get(i).text()).dense().values());
        }
        assertThat(response.tokenUsage().inputTokenCount()).isPositive();
    }
}
