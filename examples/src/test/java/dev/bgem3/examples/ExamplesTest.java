package dev.bgem3.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bgem3.BgeM3;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The examples on the demonstration model, the client beside a server of its own. */
class ExamplesTest {
    private static final String MODEL = Path.of(System.getProperty("bgem3.root"), "models", "bge-m3-mini")
            .toString();
    private static final Pattern ADDRESS = Pattern.compile("http://127\\.0\\.0\\.1:\\d+");

    @TempDir
    private Path temporary;

    private interface Program {
        void run() throws Exception;
    }

    @Test
    void searchInMemoryFindsTheLineThatAnswers() throws Exception {
        Path file = Files.writeString(temporary.resolve("lines.txt"), """
                BGE M3 embeds text.

                BM25 ranks documents.
                Paris is the capital of France.
                The cat sleeps.
                """);
        String printed = printedBy(
                () -> SearchInMemory.main(new String[]{MODEL, file.toString(), "What is BM25?"}));
        assertThat(printed).startsWith("0.532 BM25 ranks documents.\n").hasLineCount(3);
    }

    @Test
    void hybridScoresAreThoseOfTheGuide() throws Exception {
        String printed = printedBy(() -> HybridScores.main(
                new String[]{MODEL, "What is BM25?", "BM25 ranks documents.", "BGE M3 embeds text."}));
        assertThat(printed.lines()).containsExactly("dense sparse colbert all   passage",
                "0.532 0.229  0.635   0.512 BM25 ranks documents.",
                "0.312 0.039  0.512   0.337 BGE M3 embeds text.");
    }

    @Test
    void serverClientGetsTheLibrarysVectors() throws Exception {
        Path log = temporary.resolve("log");
        Process server = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp",
                System.getProperty("java.class.path"), "dev.bgem3.app.Main", "serve", "--model", MODEL,
                "--port", "0").redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try {
            String address = addressOf(server, log);
            List<String> texts = List.of("What is BM25?", "BM25 ranks documents.");
            try (ServerClient client = new ServerClient(URI.create(address));
                    BgeM3 model = BgeM3.load(Path.of(MODEL))) {
                JsonNode results = client.encode(texts).get("results");
                for (int i = 0; i < texts.size(); i++) {
                    float[] expected = model.encode(texts.get(i)).dense().values();
                    JsonNode dense = results.get(i).get("dense");
                    assertThat(dense.size()).isEqualTo(expected.length);
                    for (int d = 0; d < expected.length; d++) {
                        assertThat(dense.get(d).floatValue()).isEqualTo(expected[d]);
                    }
                }
                assertThatThrownBy(() -> client.encode(List.of())).isInstanceOf(IOException.class)
                        .hasMessageContaining("/v1/encode: status 4");
            }
            assertThat(printedBy(() -> ServerClient.main(new String[]{address, texts.getFirst()})))
                    .isEqualTo("256 numbers, 3 weights: What is BM25?\n");
        } finally {
            server.destroy();
            server.waitFor(60, TimeUnit.SECONDS);
            server.destroyForcibly();
        }
    }

    private static String addressOf(Process server, Path log) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (server.isAlive() && System.nanoTime() < end) {
            Matcher found = ADDRESS.matcher(Files.readString(log));
            if (found.find()) {
                return found.group();
            }
            Thread.sleep(20);
        }
        throw new AssertionError("no server: " + Files.readString(log));
    }

    private static String printedBy(Program program) throws Exception {
        PrintStream before = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            program.run();
        } finally {
            System.setOut(before);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
