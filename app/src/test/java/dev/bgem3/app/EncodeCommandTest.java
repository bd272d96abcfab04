package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.app.CommandRunner.Result;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class EncodeCommandTest {
    private static final String TINY = CommandRunner.TINY.toString();

    @Test
    void writesOnlyDenseByDefault() {
        Result result = CommandRunner.runWithInput("hello", "encode", "--model", TINY);
        assertThat(result.err()).isEmpty();
        JsonNode line = result.json().getFirst();
        assertThat(line.propertyNames()).containsExactly("id", "dense");
        assertThat(line.get("dense").size()).isEqualTo(128);
    }

    @Test
    void writesOnlyTheRequestedKeysInTheContractsOrder() {
        Result result = CommandRunner.runWithInput("hello world", "encode", "--model", TINY, "--colbert",
                "--sparse",
                "--dense");
        assertThat(result.json().getFirst().propertyNames()).containsExactly("id", "dense", "sparse",
                "colbert");
        result = CommandRunner.runWithInput("hello world", "encode", "--model", TINY, "--sparse");
        assertThat(result.json().getFirst().propertyNames()).containsExactly("id", "sparse");
    }

    @Test
    void readsOneTextPerLineWithoutTheTerminator() {
        Result result = CommandRunner.runWithInput("\uFEFFfirst\r\n\nlast", "tokenize", "--model", TINY);
        assertThat(result.json()).hasSize(3);
        assertThat(result.json().get(1).toString())
                .isEqualTo("{\"id\":1,\"ids\":[0,2],\"tokens\":[\"<s>\",\"</s>\"]}");
        Result same = CommandRunner.runWithInput("first\n\nlast\n", "tokenize", "--model", TINY);
        assertThat(result.out()).isEqualTo(same.out());
    }

    @Test
    void writesNothingForAnEmptyInput() {
        for (String command : List.of("encode", "score", "tokenize")) {
            Result result = CommandRunner.run(command, "--model", TINY);
            assertThat(result.exitCode()).isZero();
            assertThat(result.out()).isEmpty();
            assertThat(result.err()).isEmpty();
        }
    }

    @Test
    void copiesIdsAsTheyAreWritten() {
        List<String> ids = List.of("123456789012345678901234567890", "1.50000000000000000000001e5", "-0.0",
                "1E400",
                "null", "true", "\"\\u00e9 \\\" \\ud800\"", "[1, {\"a\" : 2.50}]", "{\"b\":[ ]}", "\"\"",
                "9".repeat(5000));
        String input = ids.stream().map(id -> "{ \"id\" :  " + id + " , \"text\": \"a\", \"other\": [1]}\n")
                .collect(Collectors.joining())
                + ids.stream().map(id -> "{\"text\":\"a\",\"id\":" + id + "}\n")
                        .collect(Collectors.joining());
        Result result = CommandRunner.runWithInput(input, "tokenize", "--jsonl", "--model", TINY);
        assertThat(result.exitCode()).as(result.err()).isZero();
        List<String> lines = result.out().lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            assertThat(lines.get(i)).startsWith("{\"id\":" + ids.get(i % ids.size()) + ",\"ids\":");
        }
    }

    @Test
    void writesFloatsThatParseToTheSameBits() {
        Result result = CommandRunner.runWithInput("some text", "encode", "--model", TINY, "--no-normalize");
        String numbers = result.out().replaceAll(".*\\[|\\].*", "").strip();
        for (String number : numbers.split(",")) {
            assertThat(Float.toString(Float.parseFloat(number))).isEqualTo(number);
        }
    }

    @Test
    void linesDoNotDependOnBatchSizeAndThreads() {
        String input = IntStream.range(0, 40).mapToObj(i -> "word ".repeat(i % 7) + i)
                .collect(Collectors.joining("\n"));
        String[] outputs = {"--dense", "--sparse", "--colbert"};
        String expected = encode(input, outputs);
        assertThat(encode(input, "--dense", "--sparse", "--colbert", "--batch-size", "1"))
                .isEqualTo(expected);
        assertThat(encode(input, "--dense", "--sparse", "--colbert", "--batch-size", "7", "--threads", "1"))
                .isEqualTo(expected);
    }

    private static String encode(String input, String... words) {
        Result result = CommandRunner.runWithInput(input, encodeWords(words));
        assertThat(result.exitCode()).as(result.err()).isZero();
        return result.out();
    }

    @Test
    void truncatesAndNormalizesDenseVectorsAsRequested() {
        double[] cut = values("--truncate-dim", "16");
        assertThat(cut).hasSize(16);
        assertThat(length(cut)).isBetween(0.9999, 1.0001);
        assertThat(length(values("--no-normalize"))).isGreaterThan(1.1);
        assertThat(values("--pooling", "mean")).isNotEqualTo(values("--pooling", "cls"));
        assertThat(values("--pooling", "last_token")).isNotEqualTo(values("--pooling", "mean"));
        assertThat(values()).isEqualTo(values("--pooling", "cls"));
    }

    private static double[] values(String... words) {
        JsonNode dense = CommandRunner.runWithInput("some text", encodeWords(words)).json().getFirst()
                .get("dense");
        return IntStream.range(0, dense.size()).mapToDouble(i -> dense.get(i).asDouble()).toArray();
    }

    private static String[] encodeWords(String... words) {
        return Stream.concat(Stream.of("encode", "--model", TINY), Arrays.stream(words))
                .toArray(String[]::new);
    }

    private static double length(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value * value;
        }
        return Math.sqrt(sum);
    }

    @Test
    void warnsOnceOfTruncatedTexts() {
        Result result = CommandRunner.runWithInput(
                "short\n" + "long text ".repeat(20) + "\n" + "longer ".repeat(30),
                "encode", "--model", TINY, "--max-length", "12");
        assertThat(result.exitCode()).isZero();
        assertThat(result.err())
                .isEqualTo("bgem3: warning: 2 of 3 texts were longer than 12 tokens and were cut"
                        + System.lineSeparator());
    }

    @Test
    void scoreAndTokenizeWarnToo() {
        Result scored = CommandRunner.run("score", "--model", TINY, "--max-length", "12", "--query", "short",
                "--passage", "long text ".repeat(20));
        assertThat(scored.err()).startsWith("bgem3: warning: 1 of 2 texts were longer than 12 tokens")
                .hasLineCount(1);
        Result result = CommandRunner.runWithInput("short\n" + "long text ".repeat(20), "tokenize", "--model",
                TINY, "--max-length", "12");
        assertThat(result.err()).startsWith("bgem3: warning: 1 of 2 texts were longer than 12 tokens")
                .hasLineCount(1);
    }

    @Test
    void warnsOfOptionsWithoutEffect() {
        assertThat(CommandRunner.runWithInput("a", "encode", "--model", TINY, "--tokens").err())
                .startsWith("bgem3: warning: --tokens has no effect without --sparse").hasLineCount(1);
        assertThat(CommandRunner.runWithInput("a", "encode", "--model", TINY, "--sparse", "--no-normalize")
                .err()).contains("have no effect without --dense").hasLineCount(1);
    }

    @Test
    void formatFollowsTheNameOfTheInput(@TempDir Path folder) throws Exception {
        Path lines = Files.writeString(folder.resolve("in.jsonl"), "{\"id\": \"x\", \"text\": \"hello\"}\n");
        Path text = Files.writeString(folder.resolve("in.txt"), "{\"id\": \"x\", \"text\": \"hello\"}\n");
        assertThat(
                CommandRunner.run("tokenize", "--model", TINY, "--input", lines.toString()).json().getFirst()
                        .get("id").asString())
                .isEqualTo("x");
        assertThat(
                CommandRunner.run("tokenize", "--model", TINY, "--input", text.toString()).json().getFirst()
                        .get("id").asString())
                .isEqualTo("0");
        assertThat(
                CommandRunner.run("tokenize", "--model", TINY, "--jsonl", "--input", text.toString()).json()
                        .getFirst().get("id").asString())
                .isEqualTo("x");
    }

    @Test
    void theLocaleDoesNotChangeNumbers() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            Result result = CommandRunner.run("demo", "--model", TINY);
            assertThat(StandardCharsets.US_ASCII.newEncoder()
                    .canEncode(result.out().split("1\\. Dense")[1].substring(0, 200)))
                    .isTrue();
            assertThat(CommandRunner.run("info", "--model", TINY).out()).contains("3 layers");
        } finally {
            Locale.setDefault(before);
        }
    }
}
