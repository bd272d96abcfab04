package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.bgem3.app.CommandRunner.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Compares {@code bgem3 rerank} with transformers' results for tiny-reranker. */
class RerankCommandTest {
    private static final String MODEL = CommandRunner.RERANKER.toString();
    /** The bound that core's golden test derives. */
    private static final double TOLERANCE = 2e-5;

    private static Result rerank(String input, String... arguments) {
        List<String> words = new ArrayList<>(List.of("rerank", "--model", MODEL));
        words.addAll(Arrays.asList(arguments));
        return CommandRunner.runWithInput(input, words.toArray(String[]::new));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void scoresEveryGoldenPair(boolean normalize) {
        for (JsonNode run : CommandRunner.goldens("tiny-reranker-goldens.json").get("runs")) {
            StringBuilder input = new StringBuilder();
            run.get("items").forEach(item -> input.append("{\"query\": ").append(item.get("query"))
                    .append(", \"passage\": ").append(item.get("passage")).append("}\n"));
            String length = run.get("max_length").asString();
            Result result = normalize
                    ? rerank(input.toString(), "--max-length", length, "--normalize")
                    : rerank(input.toString(), "--max-length", length);
            assertThat(result.exitCode()).as(result.err()).isZero();
            List<JsonNode> lines = result.json();
            assertThat(lines).hasSize(run.get("items").size());
            int cut = 0;
            for (int i = 0; i < lines.size(); i++) {
                JsonNode item = run.get("items").get(i);
                assertThat(lines.get(i).propertyNames()).containsExactly("id", "score");
                assertThat(lines.get(i).get("id").intValue()).isEqualTo(i);
                assertThat(lines.get(i).get("score").asDouble())
                        .isEqualTo(item.get(normalize ? "normalized" : "score").asDouble(),
                                within(TOLERANCE));
                cut += item.get("ids").size() < item.get("full_length").intValue() ? 1 : 0;
            }
            assertThat(result.err()).isEqualTo("bgem3: warning: " + cut + " of " + lines.size()
                    + " pairs were cut to " + length + " tokens, of which the query may have at most 3/4\n");
        }
    }

    @Test
    void ranksListsAndScoresSinglePassages() {
        Result result = rerank("""
                {"id": "x", "query": "What is BM25?", "passages": ["panda", "BM25 ranks documents.", "panda"]}
                {"query": "What is BM25?", "passage": "panda", "other": [1]}
                {"id": null, "query": "panda", "passages": []}
                {"query": "", "passages": ["", "panda"]}
                """);
        assertThat(result.exitCode()).as(result.err()).isZero();
        List<JsonNode> lines = result.json();
        assertThat(lines.stream().map(line -> line.get("id").toString())).containsExactly("\"x\"", "1",
                "null",
                "3");
        JsonNode first = lines.getFirst().get("results");
        assertThat(IntStream.range(0, 3).map(i -> first.get(i).get("index").intValue()).boxed())
                .containsExactlyInAnyOrder(0, 1, 2).containsSubsequence(0, 2);
        for (int i = 1; i < 3; i++) {
            assertThat(first.get(i).get("score").asDouble())
                    .isLessThanOrEqualTo(first.get(i - 1).get("score").asDouble());
        }
        JsonNode panda = first.get(first.get(0).get("index").intValue() == 0 ? 0 : 1);
        assertThat(lines.get(1).get("score")).isEqualTo(panda.get("score"));
        assertThat(lines.get(2).get("results").size()).isZero();
        assertThat(lines.get(3).get("results").get(0).get("index").intValue()).isBetween(0, 1);
    }

    @Test
    void ranksPassagesGivenAsArguments() {
        String[] words = {"--query", "What is BM25?", "--passage", "panda", "--passage",
                "BM25 ranks documents.",
                "--passage", ""};
        JsonNode all = rerank("", words).json().getFirst();
        assertThat(all.get("results").size()).isEqualTo(3);
        List<String> top = new ArrayList<>(Arrays.asList(words));
        top.addAll(List.of("--top", "1", "--normalize"));
        JsonNode best = rerank("", top.toArray(String[]::new)).json().getFirst().get("results");
        assertThat(best.size()).isOne();
        assertThat(best.get(0).get("index")).isEqualTo(all.get("results").get(0).get("index"));
        assertThat(best.get(0).get("score").asDouble())
                .isEqualTo(1 / (1 + Math.exp(-all.get("results").get(0).get("score").asDouble())),
                        within(1e-7));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "{\"query\": \"a\"} | no \"passage\" or \"passages\" (expected: one of them)",
            "{\"query\": \"a\", \"passage\": \"b\", \"passages\": []} | "
                    + "both \"passage\" and \"passages\" (expected: one of them)",
            "{\"passage\": \"b\"} | no \"query\"",
            "{\"query\": [], \"passage\": \"b\"} | \"query\": an array (expected: a string)",
            "{\"query\": \"a\", \"passages\": \"b\"} | "
                    + "\"passages\": a string (expected: an array of strings)",
            "{\"query\": \"a\", \"passages\": [\"b\", null]} | \"passages\"[1]: null (expected: a string)",
            "{\"query\": \"a\", \"passages\": [[\"b\"]]} | \"passages\"[0]: an array (expected: a string)",
            "{\"query\": \"a\", \"passages\": [\"b\" | not JSON, column"})
    void namesAnInvalidLineAndSkipsItIfRequested(String line, String fault) {
        String good = "{\"query\": \"a\", \"passage\": \"b\"}\n";
        Result stopped = rerank(good + line + "\n" + good);
        assertThat(stopped.exitCode()).isEqualTo(1);
        assertThat(stopped.err()).startsWith("bgem3: standard input, line 2: " + fault).hasLineCount(1);
        assertThat(stopped.out()).hasLineCount(1);
        Result skipped = rerank(good + line + "\n" + good, "--skip-bad");
        assertThat(skipped.exitCode()).isZero();
        assertThat(skipped.json().stream().map(json -> json.get("id").intValue())).containsExactly(0, 2);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"--max-length 16 | --max-length: 16 (expected: at least 17)",
            "--max-length 513 | --max-length: 513 (expected: 17..512, the model's limit)",
            "--top 0 | --top: 0 (expected: at least 1)",
            "--query a | --query without --passage (expected: both)",
            "--passage a | --passage without --query (expected: both)",
            "--query a --passage b --input c | "
                    + "--input: given together with --query or --passage (expected: one or the other)"})
    void rejectsInvalidArguments(String words, String message) {
        Result result = rerank("", words.split(" "));
        assertThat(result.exitCode()).as(result.err()).isEqualTo(2);
        assertThat(result.err()).startsWith("bgem3: " + message);
    }

    @Test
    void namesAModelOfTheWrongKind(@TempDir Path folder) throws Exception {
        Result encoder = CommandRunner.run("rerank", "--model", CommandRunner.TINY.toString(), "--query", "a",
                "--passage", "b");
        assertThat(encoder.exitCode()).isEqualTo(1);
        assertThat(encoder.err()).contains("not a reranker", "bgem3 encode").hasLineCount(1);
        for (String command : List.of("encode", "score", "demo", "verify")) {
            Result result = CommandRunner.run(command, "--model", MODEL);
            assertThat(result.exitCode()).as(command).isEqualTo(1);
            assertThat(result.err()).contains("a reranker", "bgem3 rerank").hasLineCount(1);
        }
        Result none = CommandRunner.runIn(Optional.of(Files.createDirectory(folder.resolve("home"))),
                new byte[0],
                Map.of("HF_HUB_CACHE", folder.toString()), "rerank", "--query", "a", "--passage", "b");
        assertThat(none.exitCode()).isEqualTo(1);
        assertThat(none.err()).startsWith("bgem3: reranker: not found").contains("bge-reranker-v2-m3",
                "bgem3 download BAAI/bge-reranker-v2-m3 fetches it").hasLineCount(1);
    }

    @Test
    void infoShowsARerankerAndPrompts() {
        assertThat(CommandRunner.run("info", "--model", MODEL).out()).contains(
                "outputs     the score of a query and a passage (LABEL_0): a reranker", "2 layers, hidden 64")
                .doesNotContain("pooling");
        assertThat(CommandRunner.run("info", "--model", CommandRunner.FIXTURES.resolve("tiny-e5").toString())
                .out()).contains("max length  128 tokens, cut to 96 unless --max-length says otherwise",
                        "pooling     mean", "prompts     query: \"query: \"",
                        "            passage: \"passage: \"");
    }

    @Test
    void processesManyLinesInWindows() {
        String line = "{\"query\": \"What is BM25?\", "
                + "\"passages\": [\"panda\", \"BM25 ranks documents.\"]}\n";
        Result result = rerank(line.repeat(3000));
        assertThat(result.exitCode()).as(result.err()).isZero();
        List<JsonNode> lines = result.json();
        assertThat(lines).hasSize(3000);
        assertThat(lines.stream().map(json -> json.get("results").toString()).distinct()).hasSize(1);
    }
}
