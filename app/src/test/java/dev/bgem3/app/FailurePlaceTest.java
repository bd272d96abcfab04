package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.app.CommandRunner.Result;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** If the model fails, the message names the input line of the text. */
class FailurePlaceTest {
    @TempDir
    private static Path encoder;
    @TempDir
    private static Path reranker;

    @BeforeAll
    static void write() {
        BrokenModel.write(CommandRunner.FIXTURES.resolve("tiny-m3-safetensors"), encoder);
        BrokenModel.write(CommandRunner.RERANKER, reranker);
    }

    private static String failure(Path model, String command, String input, String... more) {
        Result result = CommandRunner.runWithInput(input, Stream
                .concat(Stream.of(command, "--model", model.toString(), "--skip-bad"),
                        Stream.of(more))
                .toArray(String[]::new));
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        return result.err();
    }

    @Test
    void encodeNamesTheLineOfAText() {
        assertThat(failure(encoder, "encode", "panda\n"))
                .startsWith("bgem3: standard input, line 1 (\"panda\"): dense: number ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            encode | {"text": "panda"}                    | line 2 ("panda"): dense: number
            score  | {"query": "what", "passage": "panda"} | line 2: query ("what"): dense: number
            """)
    void encoderCommandsNameTheLineOfJson(String command, String line, String message) {
        String[] more = command.equals("encode") ? new String[]{"--jsonl"} : new String[0];
        assertThat(failure(encoder, command, "no JSON\n" + line + "\n", more))
                .contains("bgem3: standard input, " + message + " ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"query": "what", "passage": "panda"}    | line 2 ("what", "panda"): score: NaN
            {"query": "what", "passages": ["panda"]} | line 2: "passages"[0] ("what", "panda"): score: NaN
            """)
    void rerankNamesTheLineOfJson(String line, String message) {
        assertThat(failure(reranker, "rerank", "no JSON\n" + line + "\n"))
                .contains("bgem3: standard input, " + message);
    }
}
