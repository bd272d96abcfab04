package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.bgem3.BgeM3;
import dev.bgem3.ColbertVectors;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.Output;
import dev.bgem3.app.CommandRunner.Result;
import dev.bgem3.tokenizer.Encoding;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Tests the file that {@code explain} writes, without a browser. */
class ExplainCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Matches like a browser: up to the first end tag of a script, whatever the texts contain. */
    private static final Pattern DATA = Pattern.compile(
            "<script type=\"application/json\" id=\"data\">(.*?)</script",
            Pattern.DOTALL | Pattern.CASE_INSENSITIVE);
    private static final String QUERY = "What is BGE M3?";
    private static final String PASSAGE = "  BGE M3 embeds\ttext 😀 BGE";

    private static Result explain(String... more) {
        List<String> words = new ArrayList<>(List.of("explain", "--model", CommandRunner.MINI.toString()));
        words.addAll(List.of(more));
        return CommandRunner.run(words.toArray(String[]::new));
    }

    private static JsonNode data(String html) {
        Matcher data = DATA.matcher(html);
        assertThat(data.find()).isTrue();
        return JSON.readTree(data.group(1));
    }

    @Test
    void showsTheLibrarysNumbers() {
        Result result = explain("--query", QUERY, "--passage", PASSAGE, "--passage", "other", "--weights",
                "0.4,0.2,0.4");
        assertThat(result.exitCode()).as(result.err()).isZero();
        JsonNode picture = data(result.out());
        Result scores = CommandRunner.run("score", "--model", CommandRunner.MINI.toString(), "--query", QUERY,
                "--passage",
                PASSAGE, "--passage", "other", "--weights", "0.4,0.2,0.4");
        assertThat(picture.get("weights").toString()).isEqualTo("[0.4,0.2,0.4]");
        for (int i = 0; i < 2; i++) {
            for (String name : List.of("dense", "sparse", "colbert", "sparse+dense",
                    "colbert+sparse+dense")) {
                assertThat(picture.get("passages").get(i).get("scores").get(name)).as(name)
                        .isEqualTo(scores.json().get(i).get(name));
            }
        }
        try (BgeM3 model = BgeM3.load(CommandRunner.MINI)) {
            EncodeOptions all = EncodeOptions.of(Output.DENSE, Output.SPARSE, Output.COLBERT);
            Embedding query = model.encode(QUERY, all);
            Embedding passage = model.encode(PASSAGE, all);
            assertTokens(picture.get("query"), QUERY, model.tokenizer().encode(QUERY), query);
            JsonNode first = picture.get("passages").get(0);
            assertTokens(first.get("text"), PASSAGE, model.tokenizer().encode(PASSAGE), passage);
            assertAlignment(first.get("alignment"), query.colbert(), passage.colbert());
        }
    }

    @Test
    void drawsTextsWithTheirPrompts() {
        Path folder = CommandRunner.ROOT.resolve("src/fixtures/tiny-e5");
        Result result = CommandRunner.run("explain", "--model", folder.toString(), "--query", "panda",
                "--passage", "the giant panda", "--passage", "word ".repeat(200));
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.err()).contains("warning: 1 of 3 texts were longer than 96 tokens and were cut");
        JsonNode picture = data(result.out());
        assertThat(picture.get("max_length").intValue()).isEqualTo(96);
        try (BgeM3 model = BgeM3.load(folder)) {
            JsonNode passage = picture.get("passages").get(0);
            assertThat((float) passage.get("scores").get("dense").doubleValue())
                    .isEqualTo(model.encodeQueries("panda").dense()
                            .dot(model.encodeCorpus("the giant panda").dense()));
            assertText(picture.get("query"), "query: panda", model.tokenizer().encode("query: panda"));
            assertText(passage.get("text"), "passage: the giant panda",
                    model.tokenizer().encode("passage: the giant panda"));
        }
        assertThat(picture.get("passages").get(1).get("text").get("token_count").intValue()).isEqualTo(96);
    }

    private static void assertTokens(JsonNode node, String text, Encoding encoding, Embedding embedding) {
        assertText(node, text, encoding);
        assertThat(node.get("tokens").size()).isEqualTo(embedding.colbert().rows());
        for (int i = 1; i < encoding.length(); i++) {
            assertThat((float) node.get("tokens").get(i - 1).get("weight").doubleValue())
                    .isEqualTo(embedding.lexicalWeights().weight(encoding.id(i)));
        }
    }

    private static void assertText(JsonNode node, String text, Encoding encoding) {
        assertThat(node.get("text").stringValue()).isEqualTo(text);
        assertThat(node.get("token_count").intValue()).isEqualTo(encoding.length());
        assertThat(node.get("tokens").size()).isEqualTo(encoding.length() - 1);
        for (int i = 1; i < encoding.length(); i++) {
            JsonNode token = node.get("tokens").get(i - 1);
            assertThat(token.get("id").intValue()).isEqualTo(encoding.id(i));
            assertThat(token.get("start").intValue()).isEqualTo(encoding.start(i));
            assertThat(token.get("stop").intValue()).isEqualTo(encoding.end(i));
        }
    }

    private static void assertAlignment(JsonNode alignment, ColbertVectors query, ColbertVectors passage) {
        assertThat(alignment.get("rows").intValue()).isEqualTo(query.rows());
        assertThat(alignment.get("columns").intValue()).isEqualTo(passage.rows());
        double sum = 0;
        for (int row = 0; row < query.rows(); row++) {
            JsonNode best = alignment.get("best").get(row);
            double most = Double.NEGATIVE_INFINITY;
            for (int column = 0; column < passage.rows(); column++) {
                double dot = 0;
                for (int d = 0; d < query.dimension(); d++) {
                    dot += (double) query.row(row)[d] * passage.row(column)[d];
                }
                assertThat(alignment.get("similarities").get(row * passage.rows() + column).doubleValue())
                        .isEqualTo(dot, within(0.51e-5));
                if (dot > most) {
                    most = dot;
                    assertThat(best.get("column").intValue()).isGreaterThanOrEqualTo(column);
                }
            }
            assertThat(best.get("similarity").doubleValue()).isEqualTo(most, within(1e-12));
            sum += most;
        }
        assertThat((float) (sum / query.rows())).isEqualTo(query.score(passage), within(1e-5f));
    }

    @Test
    void hostileTextStaysData() {
        List<String> hostile = List.of("</script><script>alert(1)</script>", "<!--<script>", "]]>&lt;&amp;",
                "@scripts@ @data@ $1 \\0", "\u2028\u2029\u0000\u001f\"'`\\", "lone \ud83d", "\u202eabc");
        List<String> words = new ArrayList<>(List.of("--query", hostile.getFirst()));
        hostile.forEach(text -> words.addAll(List.of("--passage", text)));
        Result plain = explain("--query", "a", "--passage", "b");
        Result result = explain(words.toArray(String[]::new));
        assertThat(result.exitCode()).as(result.err()).isZero();
        JsonNode picture = data(result.out());
        assertThat(picture.get("query").get("text").stringValue()).isEqualTo(hostile.getFirst());
        for (int i = 0; i < hostile.size(); i++) {
            // UTF-8 has no lone surrogates, and the tokenizer reads them so.
            assertThat(picture.get("passages").get(i).get("text").get("text").stringValue())
                    .isEqualTo(hostile.get(i).replace('\ud83d', '\ufffd'));
        }
        // Except for the data, the file is the same for all texts.
        assertThat(DATA.matcher(result.out()).replaceFirst(""))
                .isEqualTo(DATA.matcher(plain.out()).replaceFirst(""));
    }

    @Test
    void fileLoadsNoOtherResources() {
        String html = explain("--query", "a", "--passage", "b").out();
        assertThat(html).startsWith("<!doctype html>")
                .doesNotContain("<form", "fetch(", "connect-src", "src=",
                        "https:")
                .containsPattern(
                        "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                                + "script-src 'sha256-");
        assertThat(html.strip()).endsWith("</html>");
    }

    @Test
    void longTextsAreDrawnInPartWithAWarning() {
        String text = "retrieval of documents ".repeat(400);
        Result result = explain("--query", text, "--passage", text, "--passage", "short", "--max-length",
                "600");
        assertThat(result.exitCode()).isZero();
        assertThat(result.err()).contains("warning: 2 of 3 texts were longer than 600 tokens and were cut");
        JsonNode picture = data(result.out());
        assertThat(picture.get("max_length").intValue()).isEqualTo(600);
        assertThat(picture.get("query").get("token_count").intValue()).isEqualTo(600);
        assertThat(picture.get("query").get("full_token_count").intValue()).isGreaterThan(1200);
        JsonNode alignment = picture.get("passages").get(0).get("alignment");
        assertThat(alignment.get("rows").intValue()).isEqualTo(48);
        assertThat(alignment.get("columns").intValue()).isEqualTo(160);
        assertThat(alignment.get("similarities").size()).isEqualTo(48 * 160);
        assertThat(result.out().length()).isLessThan(600_000);
    }

    @Test
    void drawsOnlyDenseScoresOfAModelWithoutHeads(@TempDir Path folder) throws Exception {
        try (Stream<Path> files = Files.list(CommandRunner.MINI)) {
            for (Path file : files.filter(each -> !each.toString().endsWith(".pt")).toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        Result result = CommandRunner.run("explain", "--model", folder.toString(), "--query", "a",
                "--passage", "b");
        assertThat(result.exitCode()).as(result.err()).isZero();
        JsonNode picture = data(result.out());
        assertThat(picture.get("outputs").toString()).isEqualTo("[\"dense\"]");
        assertThat(picture.get("passages").get(0).get("scores").propertyNames()).containsExactly("dense");
        assertThat(picture.get("passages").get(0).get("alignment").isNull()).isTrue();
    }

    @Test
    void fileAppearsOnlyWhenComplete(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("page.html"), "old");
        Result failed = CommandRunner.run("explain", "--model", folder.resolve("none").toString(), "--query",
                "a",
                "--passage", "b", "--output", file.toString());
        assertThat(failed.exitCode()).isEqualTo(1);
        assertThat(file).hasContent("old");
        Result done = explain("--query", "a", "--passage", "b", "--output", file.toString());
        assertThat(done.exitCode()).as(done.err()).isZero();
        assertThat(done.out()).isEmpty();
        assertThat(Files.readString(file)).isEqualTo(explain("--query", "a", "--passage", "b").out());
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"explain --query a | Missing required option: '--passage=TEXT'",
            "explain --passage a | Missing required option: '--query=TEXT'",
            "explain --query a --query b --passage c | option '--query' (TEXT) should be specified only once",
            "explain --query a --passage b --weights 1,2 | --weights: 1,2 (expected: three numbers",
            "explain --query a --passage b --max-length 1 | --max-length: 1 (expected: at least 2)",
            "explain --query a --passage b --output= | --output: empty (expected: a file"})
    void rejectsInvalidArguments(String words, String message) {
        Result result = CommandRunner.run(words.split(" "));
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains(message);
        assertThat(result.out()).isEmpty();
    }

    @Test
    void rejectsTooManyPassages() {
        List<String> words = new ArrayList<>(List.of("--query", "a"));
        Collections.nCopies(101, List.of("--passage", "b")).forEach(words::addAll);
        Result result = explain(words.toArray(String[]::new));
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains("--passage: given 101 times (expected: at most 100)");
        assertThat(explain("--query", "a", "--passage", "b", "--max-length", "1025").err())
                .contains("--max-length: 1025 (expected: 2..1024, the model's limit)");
    }
}
