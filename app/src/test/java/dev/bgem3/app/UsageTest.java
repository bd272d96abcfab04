package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.PackedWeights;
import dev.bgem3.Precision;
import dev.bgem3.app.CommandRunner.Result;
import dev.bgem3.testsupport.DefaultKernels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the messages for invalid arguments, and the help. */
class UsageTest {
    private static final String TINY = CommandRunner.TINY.toString();

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "encode --no-such | Unknown option: '--no-such'",
            "encode word | Unmatched argument", "no-such-command | Unmatched argument",
            "encode --max-length 1 | bgem3: --max-length: 1 (expected: at least 2)",
            "encode --max-length x | 'x' is not an int",
            "encode --truncate-dim 0 | bgem3: --truncate-dim: 0 (expected: at least 1)",
            "encode --input= | bgem3: --input: empty (expected: a file",
            "encode --output= | bgem3: --output: empty (expected: a file",
            "encode --output x/q/ | bgem3: --output: x/q/ is a folder's name (expected: a file, or -",
            "explain --query a --passage b --output / | bgem3: --output: / is a folder's name",
            "info --model= | bgem3: --model: empty (expected: a folder, or a name on the hub)",
            "rerank --model= --query a --passage b | bgem3: --model: empty (expected: a folder",
            "encode --batch-size 0 | --batch-size: 0 (expected: at least 1)",
            "encode --pooling max | 'max' (expected: cls, mean, last_token)",
            "encode --precision x | 'x' (expected: auto, fp32, ",
            "encode --threads -1 | bgem3: --threads: -1 (expected: 0..1024)",
            "encode --device gpu | bgem3: --device: gpu (expected: "
                    + "auto, cpu, cuda, cuda:N, cuda:N,N or cuda:all)",
            "score --weights 1,2 | --weights: 1,2 (expected: three numbers",
            "score --weights 1,x,2 | --weights: 1,x,2 (expected: three numbers",
            "score --weights 1,-1,2 | bgem3: --weights: sparse: -1.0 (expected: 0..1e9)",
            "score --query a | --query, --passage: 1 and 0 (expected: one query, or as many as passages)",
            "score --query a --query b --passage c | --query, --passage: 2 and 1",
            "score --query a --passage b --input c | --input: given together with --query or --passage",
            "tokenize --max-length 1 | --max-length: 1 (expected: at least 2)",
            "bench --batch 1 | Missing required option: '--tokens=N'",
            "convert a | Missing required parameter: 'DIR-OUT'",
            "convert a b --dtype int8 | 'int8' (expected: fp32, fp16, bf16)",
            "synth d --layers 0 | bgem3: --layers: 0 (expected: 1..1024)",
            "synth d --max-positions 1 | bgem3: --max-positions: 1 (expected: 4..16000000)",
            "synth d --hidden 10 --heads 3 | bgem3: --heads: 3 (expected: a divisor of hidden, 10)"})
    void exitsWithTwoAndAShortHint(String words, String message) {
        Result result = CommandRunner.run(words.split(" "));
        assertThat(result.exitCode()).as(result.err()).isEqualTo(2);
        assertThat(result.err()).contains(message).contains("Try 'bgem3").startsWith("bgem3: ")
                .hasLineCount(2);
        assertThat(result.out()).isEmpty();
    }

    @Test
    void helpListsThePrecisions() {
        assertThat(help("encode")).contains(" one of: " + labels(List.of(Precision.values())) + ". ");
        assertThat(help("convert")).contains(" of: " + labels(PackedWeights.PRECISIONS) + ". ");
    }

    private static String help(String command) {
        return CommandRunner.run(command, "--help").out().replaceAll("\\s+", " ");
    }

    private static String labels(List<Precision> precisions) {
        return String.join(", ", precisions.stream().map(Precision::label).toList());
    }

    @Test
    void rejectsEmptyFolderNames() {
        assertEmpty("MODEL-IN", "convert", "", "x");
        assertEmpty("DIR-OUT", "convert", TINY, "");
        assertEmpty("DIR-OUT", "convert", "--packed", TINY, "");
        assertEmpty("DIR", "synth", "");
        assertEmpty("--tokenizer", "synth", "x", "--tokenizer=");
        assertEmpty("--cache-dir", "download", "a/b", "--cache-dir=");
    }

    private static void assertEmpty(String name, String... words) {
        Result result = CommandRunner.run(words);
        assertThat(result.exitCode()).as(result.err()).isEqualTo(2);
        assertThat(result.err()).startsWith("bgem3: " + name + ": empty (expected: a folder").hasLineCount(2);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "encode --max-length 513 | --max-length: 513 (expected: 2..512, the model's limit)",
            "encode --truncate-dim 129 | --truncate-dim: 129 (expected: 1..128, the dimension of the model's",
            "score --max-length 513 | --max-length: 513 (expected: 2..512, the model's limit)",
            "score --query a --passage b --max-length 513 | --max-length: 513 (expected: 2..512, the model's",
            "bench --batch 1 --tokens 513 | --tokens: 513 (expected: 2..512, the model's limit)",
            "bench --batch 1 --tokens 1 | --tokens: 1 (expected: 2..512, the model's limit)",
            "bench --batch 0 --tokens 8 | --batch: 0 (expected: at least 1)",
            "bench --batch 1 --tokens 8 --repeat 0 | --repeat: 0 (expected: at least 1)"})
    void optionsBeyondTheModelsLimitsExitWithTwo(String words, String message) {
        String[] call = (words + " --model " + TINY).split(" ");
        // Even if the input is empty.
        for (String input : List.of("", "{\"query\": \"a\", \"passage\": \"b\"}\n")) {
            Result result = CommandRunner.runWithInput(input, call);
            assertThat(result.exitCode()).as(result.err()).isEqualTo(2);
            assertThat(result.err()).startsWith("bgem3: " + message).hasLineCount(2)
                    .contains("Try 'bgem3 " + call[0] + " --help'.");
            assertThat(result.out()).isEmpty();
        }
    }

    @Test
    void textThatBeginsWithAtIsNotAFileOfOptions(@TempDir Path folder) throws Exception {
        String text = "@" + Files.writeString(folder.resolve("words"), "--no-such");
        Result result = CommandRunner.run("score", "--model", TINY, "--query", text, "--passage", text);
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.out()).hasLineCount(1);
        assertThat(CommandRunner.run("encode", text).err()).contains("Unmatched argument", text);
    }

    @Test
    void acceptsTheModelsLimit() {
        assertThat(CommandRunner.runWithInput("a", "encode", "--model", TINY, "--max-length", "512",
                "--truncate-dim", "128").exitCode()).isZero();
    }

    @Test
    void listsTheCommandsIfNoneIsGiven() {
        Result result = CommandRunner.run();
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).contains("demo", "encode", "score", "tokenize", "info", "verify", "convert",
                "synth",
                "bench", "Exit codes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "demo", "encode", "score", "tokenize", "info", "verify", "convert", "synth",
            "bench", "download", "explain"})
    void helpGoesToStandardOutput(String command) {
        List<String> words = new ArrayList<>(List.of("--help"));
        if (!command.isEmpty()) {
            words.addFirst(command);
        }
        Result result = CommandRunner.run(words.toArray(String[]::new));
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).startsWith("Usage: bgem3");
        assertThat(result.err()).isEmpty();
        // The help has a limited width and only ASCII, for any terminal.
        assertThat(result.out().lines()).allMatch(line -> line.length() <= 100)
                .allMatch(line -> line.chars().allMatch(c -> c >= ' ' && c < 127));
    }

    @Test
    void versionIsOneLine() {
        Result result = CommandRunner.run("--version");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).matches("bgem3 \\d+\\.\\d+\\.\\d+\\S* \\(Java .+\\)\\R");
    }

    @DefaultKernels
    @Test
    void exitsWithThreeIfTheMachineLacksTheDeviceOrPrecision() {
        for (String device : List.of("cuda", "cuda:1", "cuda:0,1", "cuda:all")) {
            if (Files.exists(Path.of("/dev/nvidiactl"))) {
                break; // The message depends on the GPU.
            }
            Result result = CommandRunner.run("encode", "--model", TINY, "--device", device);
            assertThat(result.exitCode()).isEqualTo(3);
            assertThat(result.err()).isEqualTo("bgem3: device: " + device
                    + " cannot be used: there is no NVIDIA driver"
                    + " (expected: an NVIDIA GPU and its driver, 580 or newer)" + System.lineSeparator());
        }
        Result result = CommandRunner.run("encode", "--model", TINY, "--precision", "fp16");
        assertThat(result.exitCode()).as(result.err()).isEqualTo(3);
        assertThat(result.err()).contains("fp16").hasLineCount(1);
        assertThat(CommandRunner.run("encode", "--model", TINY, "--device", "cpu", "--precision", "fp32")
                .exitCode())
                .isZero();
    }
}
