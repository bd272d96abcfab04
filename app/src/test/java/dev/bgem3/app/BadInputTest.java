package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.app.CommandRunner.Result;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Invalid input lines and their messages. */
class BadInputTest {
    private static final String TINY = CommandRunner.TINY.toString();

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "{\"text\": null} | \"text\": null (expected: a string)",
            "{\"text\": 3} | \"text\": a number (expected: a string)",
            "{\"text\": [\"a\"]} | \"text\": an array (expected: a string)",
            "{\"id\": 1} | no \"text\"",
            "{\"text\": \"a\", \"text\": \"b\"} | not JSON, column 21: Duplicate Object property \"text\"",
            "{\"id\": {\"a\": 1, \"a\": 2}, \"text\": \"b\"} | not JSON, column 20: "
                    + "Duplicate Object property \"a\"",
            "[\"a\"] | an array (expected: a JSON object)",
            "\"a\" | a string (expected: a JSON object)",
            "{\"text\": \"a\"} {\"text\": \"b\"} | an object after the object (expected: the line's end)",
            "{\"text\": \"a\" | not JSON, column 13: "
                    + "Unexpected end-of-input: expected close marker for Object",
            "{\"id\": 01, \"text\": \"\"} | not JSON, column 9: "
                    + "Invalid numeric value: Leading zeroes not allowed",
            "{\"id\": NaN, \"text\": \"\"} | not JSON, column 11: Non-standard token 'NaN'",
            "{'text': \"a\"} | not JSON, column 2: Unexpected character"})
    void messageNamesInputLineAndError(String line, String fault) {
        String input = "{\"text\": \"good\"}\n" + line + "\n{\"text\": \"after\"}\n";
        Result result = CommandRunner.runWithInput(input, "tokenize", "--jsonl", "--model", TINY);
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).startsWith("bgem3: standard input, line 2: " + fault).hasLineCount(1)
                .doesNotContain("Source", "JsonReadFeature");
        // The output before the error is whole lines.
        assertThat(result.out()).hasLineCount(1).endsWith("}\n");
    }

    @Test
    void rejectsNestingThatCouldOverflowTheStack() {
        String deep = "{\"id\": " + "[".repeat(100_000) + "]".repeat(100_000) + ", \"text\": \"a\"}";
        Result result = CommandRunner.runWithInput(deep, "tokenize", "--jsonl", "--model", TINY);
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).contains("line 1: not JSON", "depth").hasLineCount(1);
    }

    @Test
    void rejectsInvalidUtf8() {
        for (byte[] bad : List.of(new byte[]{'a', (byte) 0xFF}, new byte[]{(byte) 0xC0, (byte) 0x80},
                new byte[]{(byte) 0xED, (byte) 0xA0, (byte) 0x80},
                new byte[]{'x', (byte) 0xE2, (byte) 0x82})) {
            byte[] input = concat("fine\n".getBytes(StandardCharsets.UTF_8), bad,
                    "\nafter\n".getBytes(StandardCharsets.UTF_8));
            Result result = CommandRunner.runWithInput(input, Map.of(), "tokenize", "--model", TINY);
            assertThat(result.exitCode()).isEqualTo(1);
            assertThat(result.err()).startsWith("bgem3: standard input, line 2: not UTF-8: byte 0x")
                    .hasLineCount(1);
            assertThat(result.out()).hasLineCount(1);
        }
    }

    @Test
    void skipsInvalidLinesIfRequested() {
        String input = "{\"text\": \"a\"}\nnope\n{\"text\": \"b\"}\n{\"id\": 7}\n"
                + "{\"id\": 5, \"text\": \"c\"}";
        Result result = CommandRunner.runWithInput(input, "encode", "--jsonl", "--skip-bad", "--model", TINY);
        assertThat(result.exitCode()).isZero();
        assertThat(result.json().stream().map(line -> line.get("id").asInt()).toList()).containsExactly(0, 2,
                5);
        assertThat(result.err().lines()).hasSize(3);
        assertThat(result.err()).contains("line 2: not JSON", "line 4: no \"text\" (skipped)",
                "bgem3: 2 of 5 lines were skipped");
    }

    @Test
    void namesTheFile(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("pairs.jsonl"), "{\"query\": \"a\", \"passage\": null}");
        Result result = CommandRunner.run("score", "--model", TINY, "--input", file.toString());
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err())
                .isEqualTo("bgem3: " + file + ", line 1: \"passage\": null (expected: a string)"
                        + System.lineSeparator());
    }

    @Test
    void reportsAnUnreadableInput(@TempDir Path folder) {
        Path missing = folder.resolve("missing.txt");
        Result result = CommandRunner.run("encode", "--model", TINY, "--input", missing.toString());
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).isEqualTo(
                "bgem3: " + missing + ": cannot be read: no such file or folder" + System.lineSeparator());
        result = CommandRunner.run("encode", "--model", TINY, "--input", folder.toString());
        assertThat(result.err())
                .isEqualTo("bgem3: " + folder + ": is a folder (expected: a file)" + System.lineSeparator());
    }

    private static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
