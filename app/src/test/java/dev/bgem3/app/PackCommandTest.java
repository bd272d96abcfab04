package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.PackedWeights;
import dev.bgem3.Precision;
import dev.bgem3.app.CommandRunner.Result;
import dev.bgem3.testsupport.DefaultKernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests {@code convert --packed}. */
@DefaultKernels
class PackCommandTest {
    private static final String TINY = CommandRunner.TINY.toString();

    @TempDir
    private Path temporary;

    private static List<String> packedIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".packed"))
                    .sorted().toList();
        }
    }

    private static String encode(Path folder) {
        Result result = CommandRunner.runWithInput("hello", "encode", "--model", folder.toString(), "--dense",
                "--sparse", "--colbert");
        assertThat(result.exitCode()).as(result.err()).isZero();
        return result.out();
    }

    @Test
    void packedConvertedModelGivesTheSameResults() throws IOException {
        Path plain = temporary.resolve("plain");
        Path packed = temporary.resolve("packed");
        assertThat(CommandRunner.run("convert", TINY, plain.toString()).exitCode()).isZero();
        Result result = CommandRunner.run("convert", TINY, packed.toString(), "--packed", "--precision",
                "fp32");
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith("bgem3: packed for fp32: ").hasLineCount(1);
        assertThat(packedIn(packed)).hasSize(1);
        assertThat(encode(packed)).isEqualTo(encode(plain));
    }

    @Test
    void packsAModelForEachPrecisionOfTheMachine() throws IOException {
        Path model = temporary.resolve("model");
        assertThat(CommandRunner.run("convert", TINY, model.toString()).exitCode()).isZero();
        Result result = CommandRunner.run("convert", model.toString(), "--packed");
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.err().lines()
                .map(line -> line.replaceAll("bgem3: (not )?packed for (\\w+): .*", "$2")))
                .containsExactlyElementsOf(PackedWeights.PRECISIONS.stream().map(Precision::label).toList());
        assertThat(packedIn(model)).hasSize(
                (int) result.err().lines().filter(line -> line.startsWith("bgem3: packed")).count())
                .isNotEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "convert a | Missing required parameter: 'DIR-OUT' (it may be left out with --packed)",
            "convert a --packed --dtype fp16 | --dtype without DIR-OUT (expected: a folder to write)",
            "convert a b --precision int8 | --precision without --packed (expected: --packed)",
            "convert a --packed --precision fp16 | --precision: fp16 (expected: fp32, "})
    void rejectsIncompatibleOptions(String words, String message) {
        Result result = CommandRunner.run(words.split(" "));
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains(message);
    }
}
