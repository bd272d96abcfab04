package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.bgem3.app.CommandRunner.Result;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Compares the commands, from JSON Lines to JSON Lines, with FlagEmbedding's results for tiny-m3. */
class CommandGoldenTest {
    /** The bound that core's golden test derives. */
    private static final double TOLERANCE = 2e-5;
    private static final String[] LAYOUTS = {"tiny-m3", "tiny-m3-safetensors", "tiny-m3-sharded"};
    private static final JsonNode GOLDENS = CommandRunner.goldens();

    @ParameterizedTest
    @ValueSource(strings = {"tiny-m3", "tiny-m3-safetensors", "tiny-m3-sharded"})
    void encodesEveryGoldenText(String layout) {
        for (JsonNode set : GOLDENS.get("encode")) {
            List<JsonNode> items = list(set.get("items"));
            Result result = CommandRunner.runWithInput(textLines(items.stream().map(item -> item.get("text"))
                    .map(JsonNode::stringValue).toList()), "encode", "--model",
                    CommandRunner.FIXTURES.resolve(layout).toString(), "--jsonl", "--dense", "--sparse",
                    "--colbert",
                    "--max-length", set.get("max_length").asString());
            assertThat(result.exitCode()).as(result.err()).isZero();
            List<JsonNode> lines = result.json();
            assertThat(lines).hasSameSizeAs(items);
            for (int i = 0; i < items.size(); i++) {
                assertThat(lines.get(i).get("id").asString()).isEqualTo("t" + i);
                assertClose("text " + i, lines.get(i), items.get(i), "dense", "sparse", "colbert");
            }
        }
    }

    @Test
    void tokenizesEveryGoldenText() {
        for (JsonNode set : GOLDENS.get("encode")) {
            List<JsonNode> items = list(set.get("items"));
            for (String layout : LAYOUTS) {
                Result result = CommandRunner.runWithInput(
                        textLines(items.stream().map(item -> item.get("text"))
                                .map(JsonNode::stringValue).toList()),
                        "tokenize", "--model",
                        CommandRunner.FIXTURES.resolve(layout).toString(), "--jsonl", "--max-length",
                        set.get("max_length").asString());
                assertThat(result.json().stream().map(line -> line.get("ids").toString()).toList())
                        .isEqualTo(items.stream().map(item -> item.get("ids").toString()).toList());
            }
        }
    }

    @Test
    void putsTheInstructionBeforeEachText() {
        JsonNode golden = GOLDENS.get("encode_queries");
        Result result = CommandRunner.runWithInput(
                textLines(list(golden.get("texts")).stream().map(JsonNode::stringValue).toList()), "encode",
                "--jsonl",
                "--model", CommandRunner.TINY.toString(), "--instruction",
                golden.get("instruction").asString(),
                "--max-length", golden.get("max_length").asString());
        List<JsonNode> lines = result.json();
        for (int i = 0; i < lines.size(); i++) {
            assertNumbersClose("query " + i, lines.get(i).get("dense"), golden.get("dense").get(i));
        }
    }

    @Test
    void scoresEveryGoldenPairUnderEachSetOfWeights() {
        List<JsonNode> pairs = list(GOLDENS.get("pairs"));
        String input = pairs.stream()
                .map(pair -> "{\"query\": %s, \"passage\": %s}\n".formatted(pair.get(0), pair.get(1)))
                .collect(Collectors.joining());
        for (JsonNode set : GOLDENS.get("compute_score")) {
            JsonNode weights = set.get("weights");
            String words = weights.isNull()
                    ? "1,1,1"
                    : list(weights).stream().map(JsonNode::asString).collect(Collectors.joining(","));
            Result result = CommandRunner.runWithInput(input, "score", "--model",
                    CommandRunner.TINY.toString(),
                    "--weights", words);
            assertThat(result.exitCode()).as(result.err()).isZero();
            List<JsonNode> lines = result.json();
            assertThat(lines).hasSameSizeAs(pairs);
            for (int i = 0; i < pairs.size(); i++) {
                for (String name : List.of("dense", "sparse", "colbert", "sparse+dense",
                        "colbert+sparse+dense")) {
                    assertThat(lines.get(i).get(name).asDouble())
                            .as("%s of pair %d, weights %s", name, i, words)
                            .isEqualTo(set.get("scores").get(name).get(i).asDouble(), within(TOLERANCE));
                }
            }
        }
    }

    @Test
    void namesTokensAsFlagEmbeddingDoes() {
        List<String> texts = list(GOLDENS.get("encode").get(0).get("items")).stream().limit(6)
                .map(item -> item.get("text").stringValue()).toList();
        Result result = CommandRunner.runWithInput(textLines(texts), "encode", "--jsonl", "--model",
                CommandRunner.TINY.toString(), "--sparse", "--tokens");
        List<JsonNode> lines = result.json();
        for (int i = 0; i < texts.size(); i++) {
            JsonNode golden = GOLDENS.get("tokens").get(i);
            assertThat(lines.get(i).get("sparse").propertyNames())
                    .containsExactlyElementsOf(golden.propertyNames());
            assertThat(lines.get(i).has("dense")).isFalse();
        }
    }

    private static void assertClose(String what, JsonNode found, JsonNode expected, String... names) {
        for (String name : names) {
            if (expected.get(name).isObject()) {
                assertThat(found.get(name).propertyNames()).as(what)
                        .containsExactlyInAnyOrderElementsOf(expected.get(name).propertyNames());
                expected.get(name).propertyNames()
                        .forEach(key -> assertThat(found.get(name).get(key).asDouble())
                                .as("%s, %s, %s", what, name, key)
                                .isEqualTo(expected.get(name).get(key).asDouble(), within(TOLERANCE)));
            } else {
                assertNumbersClose(what + ", " + name, found.get(name), expected.get(name));
            }
        }
    }

    private static void assertNumbersClose(String what, JsonNode found, JsonNode expected) {
        assertThat(found.size()).as(what).isEqualTo(expected.size());
        for (int i = 0; i < expected.size(); i++) {
            if (expected.get(i).isArray()) {
                assertNumbersClose(what + ", row " + i, found.get(i), expected.get(i));
            } else {
                double difference = Math.abs(found.get(i).asDouble() - expected.get(i).asDouble());
                assertThat(difference).as("%s, value %d", what, i).isLessThanOrEqualTo(TOLERANCE);
            }
        }
    }

    private static String textLines(List<String> texts) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < texts.size(); i++) {
            lines.append("{\"id\": \"t").append(i).append("\", \"text\": ")
                    .append(CommandRunner.quoted(texts.get(i)))
                    .append("}\n");
        }
        return lines.toString();
    }

    private static List<JsonNode> list(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).toList();
    }
}
