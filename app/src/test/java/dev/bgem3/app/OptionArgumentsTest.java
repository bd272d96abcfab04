package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.app.CommandRunner.Result;
import dev.bgem3.testsupport.TestSizes;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

/** Tests texts that look like options to a command-line parser. */
class OptionArgumentsTest {
    private static final String TINY = CommandRunner.TINY.toString();
    private static final String RERANKER = CommandRunner.RERANKER.toString();
    static final List<String> TEXTS = List.of("--passage", "--passage=x", "--query", "-h", "--help", "-V",
            "--no-such", "--", "-", "-5", "-hello", "", " ", "=", "a=b", "\"a b\"", "'a'", "\"", "@file",
            "@@", "score", "_NULL_", "${sys:user.dir}", "$HOME", "%s", "\\n", "a,b", "a\nb",
            "\u00fc \ud83d\ude00");

    @ParameterizedTest
    @FieldSource("TEXTS")
    void acceptsAnyTextAfterAnEqualsSign(String text) {
        String line = "{\"id\": 0, \"query\": %1$s, \"passage\": %1$s}".formatted(CommandRunner.quoted(text));
        assertThat(ok("score", "--model", TINY, "--query=" + text, "--passage=" + text))
                .isEqualTo(okWithInput(line, "score", "--model", TINY));
        if (TestSizes.pick(TEXTS.indexOf(text) % 5 > 0, false)) {
            return; // The other commands have the same options.
        }
        line = line.replace("\"passage\": ", "\"passages\": [").replace("}", "]}");
        assertThat(ok("rerank", "--model", RERANKER, "--query=" + text, "--passage=" + text))
                .isEqualTo(okWithInput(line, "rerank", "--model", RERANKER));
        line = "{\"text\": " + CommandRunner.quoted(text + "a") + "}";
        assertThat(okWithInput("{\"text\": \"a\"}", "encode", "--jsonl", "--model", TINY,
                "--instruction=" + text)).isEqualTo(okWithInput(line, "encode", "--jsonl", "--model", TINY));
        assertThat(ok("explain", "--model", TINY, "--query=" + text, "--passage=" + text))
                .contains("\"text\":" + CommandRunner.quoted(text));
    }

    @Test
    void textThatIsNotAnOptionNeedsNoEqualsSign() {
        for (String text : List.of("-5", "--no-such", "-hello", "@file", "\"a\"", "")) {
            assertThat(ok("score", "--model", TINY, "--query", text, "--passage", text))
                    .isEqualTo(ok("score", "--model", TINY, "--query=" + text, "--passage=" + text));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "score --query --passage x | --query: '--passage' is an option "
                    + "(expected: TEXT; --query=--passage takes it as it is)",
            "score --query a --passage --passage=b | --passage: '--passage=b' is an option "
                    + "(expected: TEXT; --passage=--passage=b takes it as it is)",
            "score --query -- --passage x | --query: '--' ends the options "
                    + "(expected: TEXT; --query=-- takes it as it is)",
            "explain --query -h --passage x | --query: '-h' is an option "
                    + "(expected: TEXT; --query=-h takes it as it is)",
            "rerank --passage --query x | --passage: '--query' is an option "
                    + "(expected: TEXT; --passage=--query takes it as it is)",
            "encode --instruction --dense | --instruction: '--dense' is an option "
                    + "(expected: TEXT; --instruction=--dense takes it as it is)",
            "encode --model --dense | --model: '--dense' is an option "
                    + "(expected: DIR-or-name; --model=--dense takes it as it is)",
            "score --query | Missing required parameter for option '--query' (TEXT)",
            "encode --dense=--sparse | Invalid value for option '--dense': '--sparse' is not a boolean",
            "encode --no-such -- --no-such | Unknown options: '--no-such', '--no-such'"})
    void detectsAForgottenArgument(String words, String message) {
        Result result = CommandRunner.run(words.split(" "));
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).startsWith("bgem3: " + message + System.lineSeparator())
                .hasLineCount(2);
        assertThat(result.out()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "demo -- --model | '--model' after '--' (expected: options alone)",
            "encode -- --precision | '--precision' after '--' (expected: options alone)",
            "encode --dense -- --dense --dense | '--dense' after '--' (expected: options alone)",
            "score -- --query=a | '--query=a' after '--' (expected: options alone)",
            "rerank -- -h | '-h' after '--' (expected: options alone)",
            "explain --query a --passage b -- --no-such | '--no-such' after '--' (expected: options alone)",
            "tokenize -- word | 'word' after '--' (expected: options alone)",
            "info -- -- | '--' after '--' (expected: options alone)",
            "verify -- --help | '--help' after '--' (expected: options alone)",
            "bench --batch 1 --tokens 2 -- --repeat | '--repeat' after '--' (expected: options alone)",
            "serve -- --port | '--port' after '--' (expected: options alone)",
            "download -- a/b --offline | '--offline' after '--' (expected: options, OWNER/NAME)",
            "convert -- a b --packed | '--packed' after '--' (expected: options, MODEL-IN, DIR-OUT)",
            "convert a -- b --packed | '--packed' after '--' (expected: options, MODEL-IN, DIR-OUT)",
            "synth a -- --layers | '--layers' after '--' (expected: options, DIR)",
            "-- --version | '--version' after '--' (expected: options alone)"})
    void excessArgumentAfterTheEndOfOptionsIsNotAnUnknownOption(String words, String message) {
        Result result = CommandRunner.run(words.split(" "));
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).startsWith("bgem3: " + message + System.lineSeparator()).hasLineCount(2);
        assertThat(result.out()).isEmpty();
    }

    @Test
    void argumentAfterTheEndOfOptionsIsAPath(@TempDir Path folder) {
        Result result = CommandRunner.run("convert", "--dtype=bf16", "--", "--packed", "-h");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).startsWith("bgem3: model --packed: not found; ").hasLineCount(1);
        result = CommandRunner.run("synth", "--layers=1", "--hidden=8", "--heads=1",
                "--intermediate=8", "--vocab=300", "--max-positions=8", "--",
                folder.resolve("--layers") + "/");
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(folder.resolve("--layers/model.safetensors")).isRegularFile();
        result = CommandRunner.run("download", "--", "--offline");
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).startsWith("bgem3: OWNER/NAME: ").contains("--offline");
    }

    private static String ok(String... words) {
        return okWithInput("", words);
    }

    private static String okWithInput(String input, String... words) {
        Result result = CommandRunner.runWithInput(input, words);
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.err()).isEmpty();
        return result.out();
    }
}
