package dev.bgem3.browser;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import dev.bgem3.BgeM3;
import dev.bgem3.EncodeOptions;
import dev.bgem3.PairScores;
import dev.bgem3.ScoreWeights;
import dev.bgem3.TextPair;
import dev.bgem3.app.serve.Identity;
import dev.bgem3.app.serve.ServeOptions;
import dev.bgem3.app.serve.ServedModel;
import dev.bgem3.app.serve.TextServer;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the page with a model that has prompts and all heads. */
class PromptPageTest {
    private static final Path MINI = Path.of(System.getProperty("bgem3.root"), "models", "bge-m3-mini");
    private static final String QUERY = "What is BGE M3?";
    private static final String PASSAGE = "BGE M3 embeds\ttext 😀";

    @Test
    void drawsTextsWithTheirPromptsAndTheirScores(@TempDir Path folder) throws Exception {
        try (Stream<Path> files = Files.list(MINI)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        // The default prompt is for neither queries nor passages, so its use would be visible.
        Files.writeString(folder.resolve("config_sentence_transformers.json"),
                """
                {"prompts": {"query": "query: ", "passage": "passage: ", "other": "other: "},
                 "default_prompt_name": "other"}""");
        try (Chromium chromium = new Chromium();
                BgeM3 model = BgeM3.load(folder);
                TextServer server = TextServer.start(new ServedModel.Encoder(model),
                        new Identity("mini", "test"),
                        new ServeOptions("127.0.0.1", 0, Optional.empty(), 512, OptionalInt.empty(), 32,
                                2_000_000, true, Duration.ofSeconds(60), Duration.ofSeconds(10), false),
                        new PrintStream(OutputStream.nullOutputStream()))) {
            Page page = chromium.open();
            page.navigate("http://127.0.0.1:" + server.port() + "/");
            page.getByLabel("Query", new Page.GetByLabelOptions().setExact(true)).fill(QUERY);
            page.getByLabel("Remove passage 1").click();
            page.locator("#passage-1").fill(PASSAGE);
            page.getByText("Compare", new Page.GetByTextOptions().setExact(true)).click();
            assertThat(page.locator("#status")).containsText("Done in");

            PairScores scores = model.computeScore(List.of(new TextPair(QUERY, PASSAGE)), ScoreWeights.EQUAL,
                    EncodeOptions.defaults()).getFirst();
            List<Float> shown = page.locator("table.scores tbody tr").first().locator("data").all().stream()
                    .map((Locator number) -> (float) Double.parseDouble(number.getAttribute("value")))
                    .toList();
            assertThat(shown).containsExactly(scores.dense(), scores.sparse(), scores.colbert(),
                    scores.sparseDense(), scores.colbertSparseDense());
            assertThat(page.locator(".shaded").first().textContent()).isEqualTo("query: " + QUERY);
            assertThat(page.locator(".shaded").last().textContent()).isEqualTo("passage: " + PASSAGE);
            chromium.assertFaults();
        }
    }
}
