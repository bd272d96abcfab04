package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.app.CommandRunner.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the progress line on standard error, here without a delay. */
class ProgressTest {
    private static final String TINY = CommandRunner.TINY.toString();
    private static final String LINES = IntStream.range(0, 600).mapToObj(i -> "line " + i)
            .collect(Collectors.joining("\n"));
    private static final int COLUMNS = 79;

    @TempDir
    private Path folder;

    @Test
    void countsTheBytesOfAFile() throws Exception {
        Path file = Files.writeString(folder.resolve("lines.txt"), LINES + "\n");
        for (String command : List.of("encode", "tokenize")) {
            Result result = watched("", command, "--model", TINY, "--input", file.toString());
            assertThat(result.err()).contains("100%", "KiB", "tokens/s");
            assertThat(result.out()).isEqualTo(
                    CommandRunner.run(command, "--model", TINY, "--input", file.toString()).out());
        }
        String pairs = IntStream.range(0, 600)
                .mapToObj(i -> "{\"query\": \"q\", \"passage\": \"p" + i + "\"}\n")
                .collect(Collectors.joining());
        Files.writeString(file, pairs);
        assertThat(watched("", "score", "--model", TINY, "--input", file.toString()).err()).contains("100%",
                "KiB", "tokens/s");
    }

    @Test
    void countsTextsIfTheSizeIsUnknown() {
        for (String command : List.of("encode", "tokenize")) {
            assertThat(watched(LINES, command, "--model", TINY).err()).contains("600", "texts", "tokens/s");
        }
    }

    @Test
    void countsASharedTextOfPairsOnce() {
        String[] words = Stream.concat(Stream.of("score", "--model", TINY, "--query", "q"),
                IntStream.range(0, 30).boxed().flatMap(i -> Stream.of("--passage", "p" + i)))
                .toArray(String[]::new);
        assertThat(watched("", words).err()).contains("100%", "31/31", "texts");
    }

    @Test
    void countsThePassesOfABenchmark() {
        assertThat(watched("", "bench", "--model", TINY, "--batch", "2", "--tokens", "8").err())
                .contains("100%", "texts");
    }

    @Test
    void countsTheBytesOfAModel() {
        assertThat(watched("", "convert", TINY, folder.resolve("converted").toString()).err())
                .contains("100%", "MiB");
        assertThat(watched("", "synth", folder.resolve("made").toString(), "--layers", "1", "--hidden", "64",
                "--heads", "1", "--intermediate", "64", "--vocab", "1000").err()).contains("100%", "MiB");
    }

    @Test
    void printsMessagesOnSeparateLines() {
        Result result = CommandRunner.runWatched(Duration.ZERO, "{\"text\": \"a b c d\"}\nbad\n", "encode",
                "--model", TINY, "--jsonl", "--skip-bad", "--batch-size", "1", "--max-length", "3");
        assertThat(Stream.of(result.err().split("\n")).map(line -> line.substring(line.lastIndexOf('\r') + 1))
                .filter(line -> !line.isBlank())).satisfiesExactly(
                        line -> assertThat(line).startsWith("bgem3: standard input, line 2: not JSON"),
                        line -> assertThat(line).isEqualTo("bgem3: 1 of 2 lines were skipped"),
                        line -> assertThat(line).startsWith("bgem3: warning: 1 of 1 texts were longer"));
    }

    @Test
    void showsNothingForShortWork() {
        Result result = CommandRunner.runWatched(Duration.ofHours(1), LINES, "encode", "--model", TINY);
        assertThat(result.exitCode()).isZero();
        assertThat(result.err()).isEmpty();
    }

    /** Runs a command, whose progress line must fit into a terminal and be erased at the end. */
    private static Result watched(String input, String... words) {
        Result result = CommandRunner.runWatched(Duration.ZERO, input, words);
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.err()).startsWith("\rbgem3").endsWith("\r" + " ".repeat(COLUMNS) + "\r")
                .doesNotContain("\n");
        assertThat(result.err().split("\r")).allMatch(line -> line.length() <= COLUMNS);
        return result;
    }
}
