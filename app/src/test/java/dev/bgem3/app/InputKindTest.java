package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.app.CommandRunner.Result;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How the lines of an input are read: by its name, with blank lines, byte order marks and gzip. */
class InputKindTest {
    private static final String TINY = CommandRunner.TINY.toString();
    private static final String RERANKER = CommandRunner.TINY.resolveSibling("tiny-reranker").toString();
    private static final String MARK = "\uFEFF";
    private static final String LINES = "{\"id\":\"a\",\"text\":\"hello\"}\n{\"id\":7,\"text\":\"world\"}\n";
    private static final String ARRAY = """
            [
              {"id": "a", "text": "hello", "more": [{"x": "],}"}, {}]},
              {"id": 7,
               "text": "world"}
            ]
            """;
    private static final String PAIRS = "{\"id\":1,\"query\":\"a\",\"passage\":\"b\"}";

    @TempDir
    private Path folder;

    private Path file(String name, String content) throws IOException {
        return Files.write(folder.resolve(name), name.toLowerCase().endsWith(".gz")
                ? zipped(content)
                : content.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] zipped(String content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(content.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }

    private static Result tokenize(Path file, String... words) {
        return CommandRunner.run(Stream.concat(
                Stream.of("tokenize", "--model", TINY, "--input", file.toString()), Arrays.stream(words))
                .toArray(String[]::new));
    }

    private static Result score(Path file) {
        return CommandRunner.run("score", "--model", TINY, "--input", file.toString());
    }

    private static Result rerank(Path file) {
        return CommandRunner.run("rerank", "--model", RERANKER, "--input", file.toString());
    }

    /** The ids, as they are written in the results. */
    private static List<String> ids(Result result) {
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.err()).isEmpty();
        return result.json().stream().map(line -> line.get("id").toString()).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.jsonl", "a.JSONL", "a.ndjson", "a.NdJson", "a.json", "A.JSON", "a.jsonl.gz",
            "a.NDJSON.GZ", "a.json.gz", "b.txt.jsonl"})
    void readsAnObjectALine(String name) throws IOException {
        assertThat(ids(tokenize(file(name, LINES)))).containsExactly("\"a\"", "7");
        assertThat(ids(tokenize(file(name, MARK + LINES.replace("\n", "\r\n"))))).containsExactly("\"a\"",
                "7");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.json", "a.Json", "a.json.gz"})
    void readsAnArrayOfObjects(String name) throws IOException {
        for (String array : List.of(ARRAY, MARK + ARRAY, "\n \t" + ARRAY.replace("\n", "\r\n"),
                ARRAY.replaceAll("\\s", "").strip())) {
            Result result = tokenize(file(name, array));
            assertThat(ids(result)).containsExactly("\"a\"", "7");
            assertThat(result.out()).isEqualTo(tokenize(file("lines.jsonl", LINES)).out());
        }
        assertThat(ids(tokenize(file(name, "[]")))).isEmpty();
        assertThat(ids(tokenize(file(name, "")))).isEmpty();
        assertThat(ids(tokenize(file(name, "[{\"text\": \"a\"}, {\"text\": \"b\"}]")))).containsExactly("0",
                "1");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "[{\"text\": \"a\"}, 3] | element 2: a number (expected: a JSON object)",
            "[{\"text\": \"a\"}, {\"text\": 3}] | element 2: \"text\": a number (expected: a string)",
            "[{\"text\": \"a\"},, {\"text\": \"b\"}] | element 2: not JSON, column 1: Unexpected character",
            "[{\"text\": \"a\"},] | element 2: not JSON, column 1: Unexpected character",
            "[{\"text\": \"a\"}] {\"text\": \"b\"} | element 2: not JSON, column 1: Unexpected close marker",
            "[{\"text\": \"a\"} {\"text\": \"b\"}] | element 1: an object after the object",
            "[{\"text\": \"a\"}, {\"text\": \"b]} | cannot be read: the JSON array has no end (expected: ])",
            "[{\"text\": \"a\"} | cannot be read: the JSON array has no end (expected: ])"})
    void namesTheElementOfAnArrayThatIsWrong(String array, String fault) throws IOException {
        Path file = file("a.json", array);
        Result result = tokenize(file);
        assertThat(result.exitCode()).isEqualTo(1);
        String separator = fault.startsWith("cannot") ? ": " : ", ";
        assertThat(result.err()).startsWith("bgem3: " + file + separator + fault).hasLineCount(1);
    }

    @Test
    void readsAnArrayThatIsLongerThanItsBuffers() throws IOException {
        StringBuilder array = new StringBuilder("[");
        for (int i = 0; i < 3_000; i++) {
            array.append(i == 0 ? "" : ",\n").append("{\"text\": \"").append("\\\\\\\"[,".repeat(i % 40))
                    .append("\"}");
        }
        Result result = tokenize(file("a.json", array + "]"));
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.json()).hasSize(3_000);
    }

    @Test
    void readsTabSeparatedLines() throws IOException {
        Result result = tokenize(file("a.TSV", MARK + "q1\thello\r\n\n\"2\tworld\twide\n3\t\n"));
        assertThat(ids(result)).containsExactly("\"q1\"", "\"\\\"2\"", "\"3\"");
        assertThat(result.json().get(1).get("ids")).isEqualTo(CommandRunner
                .runWithInput("world\twide", "tokenize", "--model", TINY).json().getFirst().get("ids"));
        Path bad = file("b.tsv", "no tab\n");
        assertThat(tokenize(bad).err())
                .startsWith("bgem3: " + bad + ", line 1: no tab (expected: an id, a tab and a text)");
    }

    @Test
    void readsTextsFromAnyOtherName() throws IOException {
        for (String name : List.of("a.txt", "a", "jsonl", "a.jsonl.bak", "a.csv", "a.txt.gz", "a.gz")) {
            assertThat(ids(tokenize(file(name, "a\n\nb\n")))).as(name).containsExactly("0", "1", "2");
        }
    }

    @Test
    void takesTheKindFromTheOptionIfThereIsOne() throws IOException {
        assertThat(ids(tokenize(file("a.jsonl", "\n" + LINES), "--text"))).containsExactly("0", "1", "2");
        assertThat(ids(tokenize(file("a.txt", LINES), "--jsonl"))).containsExactly("\"a\"", "7");
        assertThat(tokenize(file("a.json", ARRAY), "--jsonl").exitCode()).isEqualTo(1);
        assertThat(tokenize(file("a.txt", LINES), "--jsonl", "--text").exitCode()).isEqualTo(2);
        assertThat(CommandRunner.run("score", "--model", TINY, "--text").exitCode()).isEqualTo(2);
    }

    /** The ids of lines without one are the numbers of lines as an editor counts them, less one. */
    @ParameterizedTest
    @ValueSource(strings = {"%s\n%s\n\n", "\n%s\n%s", "%s\n\n \t\r\n%s\n\n\n", "\uFEFF\n%s\n%s\n"})
    void skipsBlankLinesOfJson(String format) throws IOException {
        String lines = format.formatted("{\"text\":\"a\"}", "{\"text\":\"b\"}");
        List<String> expected = lines.lines().map(String::strip).toList().stream()
                .filter(line -> line.startsWith("{")).map(line -> Integer
                        .toString(lines.lines().map(String::strip).toList().indexOf(line)))
                .toList();
        assertThat(ids(tokenize(file("a.jsonl", lines)))).isEqualTo(expected).hasSize(2);
        assertThat(ids(score(file("p.jsonl", format.formatted(PAIRS, PAIRS))))).containsExactly("1", "1");
        assertThat(ids(rerank(file("r.jsonl", format.formatted(PAIRS, PAIRS))))).containsExactly("1", "1");
    }

    @Test
    void readsPairsFromArraysAndGzipToo() throws IOException {
        String array = "[" + PAIRS + ",\n" + PAIRS + "]";
        for (String name : List.of("a.json", "a.JSON.GZ")) {
            assertThat(ids(score(file(name, array)))).containsExactly("1", "1");
            assertThat(ids(rerank(file(name, array)))).containsExactly("1", "1");
        }
        assertThat(ids(score(file("a.txt.gz", PAIRS)))).containsExactly("1");
    }

    @Test
    void aMarkAloneIsAnEmptyFile() throws IOException {
        for (String name : List.of("a.txt", "a.jsonl", "a.json", "a.tsv", "a.txt.gz")) {
            assertThat(ids(tokenize(file(name, MARK)))).as(name).isEmpty();
        }
        assertThat(ids(tokenize(file("a.txt", MARK + "\n")))).containsExactly("0");
    }

    @Test
    void namesAFileThatIsNotGzip() throws IOException {
        Path file = Files.writeString(folder.resolve("a.jsonl.gz"), LINES);
        Result result = tokenize(file);
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).isEqualTo("bgem3: " + file + ": cannot be read: Not in GZIP format\n");
    }

    @Test
    void warnsOfHalvesOfSurrogatePairsAndReadsThemAsReplacementCharacters() throws IOException {
        String lines = "{\"text\": \"a\\ud83d\"}\n{\"text\": \"\\udc4d a\"}\n"
                + "{\"text\": \"a \\ud83d\\udc4d\"}\n";
        Path file = file("a.jsonl", lines);
        Result result = tokenize(file);
        assertThat(result.exitCode()).isZero();
        assertThat(result.err()).isEqualTo("bgem3: warning: 2 of 3 texts have half of a surrogate pair, "
                + "which was read as U+FFFD\n");
        assertThat(result.out()).isEqualTo(
                tokenize(file("b.jsonl", lines.replaceAll("\\\\ud83d(?!\\\\)|(?<!d)\\\\udc4d", "\\\\ufffd")))
                        .out());
        String pair = "{\"query\": \"\\ud83d\", \"passage\": \"b\"}\n";
        for (Result other : List.of(score(file("p.jsonl", pair)), rerank(file("p.jsonl", pair)))) {
            assertThat(other.exitCode()).isZero();
            assertThat(other.err()).contains("warning: 1 of 2 texts have half of a surrogate pair");
            assertThat(other.json()).hasSize(1);
        }
        Result encoded = CommandRunner.run("encode", "--model", TINY, "--input", file.toString());
        assertThat(encoded.err()).contains("warning: 2 of 3 texts have half of a surrogate pair");
        assertThat(encoded.json()).hasSize(3);
    }
}
