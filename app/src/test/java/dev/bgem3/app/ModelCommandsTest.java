package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.bgem3.app.CommandRunner.Result;
import dev.bgem3.testsupport.DefaultKernels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Tests the commands that take a model but no input. */
class ModelCommandsTest {
    private static final String TINY = CommandRunner.TINY.toString();

    @Test
    void demoRunsTheFourPartsOnTheShippedModel() {
        Result result = CommandRunner.runWithInput(new byte[0], Map.of("HF_HUB_CACHE", "/nonexistent"),
                "demo",
                "--model", "bge-m3-mini");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .contains("1. Dense", "2. Lexical", "the weights of s1[1]", "3. ColBERT", "4. Weighted",
                        "colbert+sparse+dense")
                .doesNotContain("published", "[0.62");
        assertThat(row(result, "s1[0] with s2[0]")[0]).isPositive();
        double[] dense = row(result, "dense ");
        double[] sparse = row(result, "sparse ");
        double[] colbert = row(result, "colbert ");
        double[] two = row(result, "sparse+dense");
        double[] three = row(result, "colbert+sparse+dense");
        for (int i = 0; i < 4; i++) {
            double sum = 0.4 * dense[i] + 0.2 * sparse[i];
            assertThat(two[i]).isCloseTo(sum / 0.6, within(2e-4));
            assertThat(three[i]).isCloseTo(sum + 0.4 * colbert[i], within(2e-4));
        }
        // The model was trained, so each query is nearest to its own passage.
        assertThat(three[0]).isGreaterThan(three[1]);
        assertThat(three[3]).isGreaterThan(three[2]);
    }

    private static double[] row(Result result, String name) {
        String line = result.out().lines().filter(one -> one.strip().startsWith(name)).findFirst()
                .orElseThrow();
        return Arrays.stream(line.strip().substring(name.length()).strip().split("\\s+"))
                .mapToDouble(Double::parseDouble).toArray();
    }

    @Test
    void verifyFailsForAnotherModel() {
        Result result = CommandRunner.run("verify", "--model", TINY);
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.out()).contains("ids of s1[0]", "MISS, published: 0 4865 83 335 11679 276 363 32 2")
                .containsPattern("weight of GE in s1\\[0\\] +0\\.252 +none +0\\.002500  MISS")
                .containsPattern("lexical s1\\[0\\] s1\\[1\\] +0\\.0 ")
                .containsPattern("\\d+ of \\d+ figures are met\\R$");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void infoAndVerifySayThatAnAdapterIsMerged() {
        String folder = CommandRunner.TINY.resolveSibling("tiny-lora").resolve("plain").toString();
        String adapter = "LoRA of rank 4 on 6 weights, from " + folder;
        assertThat(CommandRunner.run("info", "--model", folder).out())
                .contains("adapter     " + adapter + ", merged");
        assertThat(CommandRunner.run("verify", "--model", folder).out())
                .startsWith("with an adapter merged, which the published figures are without: " + adapter);
        assertThat(CommandRunner.run("verify", "--model", TINY).out()).doesNotContain("adapter");
    }

    @DefaultKernels
    @Test
    void infoShowsSizesKernelsAndDevices() {
        Result result = CommandRunner.run("info", "--model", TINY, "--threads", "1");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).contains("pytorch_model.bin",
                "3 layers, hidden 128, 2 heads, intermediate 320",
                "1,502 token ids", "512 tokens", "dense (128), sparse, colbert (128)", "cpu: 1 thread, used",
                "cuda: not used, ", "scalar: ");
    }

    @Test
    void convertedModelGivesTheSameResults(@TempDir Path folder) throws Exception {
        String expected = CommandRunner
                .runWithInput("hello", "encode", "--model", TINY, "--sparse", "--colbert").out();
        for (String dtype : List.of("fp32", "fp16")) {
            Path out = folder.resolve(dtype);
            Result result = CommandRunner.run("convert", TINY, out.toString(), "--dtype", dtype);
            assertThat(result.exitCode()).as(result.err()).isZero();
            assertThat(result.out()).isEmpty();
            // tiny-m3's weights are fp16 values.
            assertThat(CommandRunner
                    .runWithInput("hello", "encode", "--model", out.toString(), "--sparse", "--colbert")
                    .out()).isEqualTo(expected);
        }
        Result again = CommandRunner.run("convert", TINY, folder.resolve("fp32").toString());
        assertThat(again.exitCode()).isEqualTo(1);
        assertThat(again.err()).contains("fp32").hasLineCount(1);
    }

    @Test
    void synthWritesAModelOfTheRequestedSizes(@TempDir Path folder) {
        Path dir = folder.resolve("synth");
        String[] words = {"synth", dir.toString(), "--layers", "2", "--hidden", "64", "--heads", "4",
                "--intermediate",
                "96", "--vocab", "1502", "--max-positions", "130", "--seed", "7", "--tokenizer", TINY};
        Result result = CommandRunner.run(words);
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(CommandRunner.run("info", "--model", dir.toString()).out()).contains(
                "2 layers, hidden 64, 4 heads, intermediate 96", "1,502 token ids", "128 tokens");
        assertThat(CommandRunner.run(words).exitCode()).isEqualTo(1);
    }

    @Test
    void benchPrintsOneLineWithEveryField() {
        Result result = CommandRunner.run("bench", "--model", TINY, "--batch", "3", "--tokens", "17",
                "--repeat", "2",
                "--threads", "1");
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.out()).hasLineCount(1);
        JsonNode line = result.json().getFirst();
        assertThat(line.propertyNames()).containsExactly("batch", "tokens", "precision", "device", "kernels",
                "threads",
                "median_ms", "min_ms", "max_ms", "tokens_per_s", "gflops", "load_ms", "peak_rss_mb");
        assertThat(line.get("batch").asInt()).isEqualTo(3);
        assertThat(line.get("threads").asInt()).isEqualTo(1);
        assertThat(line.get("device").asString()).isEqualTo("cpu");
        double median = line.get("median_ms").asDouble();
        assertThat(median).isBetween(line.get("min_ms").asDouble(), line.get("max_ms").asDouble());
        assertThat(line.get("tokens_per_s").asDouble()).isCloseTo(3 * 17 / median * 1e3,
                withinPercentage(1));
        double operations = 3 * (2.0 * 51 * (4 * 128 * 128 + 2 * 128 * 320) + 4.0 * 51 * 17 * 128);
        assertThat(line.get("gflops").asDouble()).isCloseTo(operations / median / 1e6,
                withinPercentage(1));
        if (Files.exists(Path.of("/proc/self/status"))) {
            assertThat(line.get("peak_rss_mb").asInt()).isPositive();
        }
    }

    @Test
    void scoreAcceptsPairsAsArguments() {
        List<JsonNode> lines = CommandRunner
                .run("score", "--model", TINY, "--query", "a b", "--passage", "a b",
                        "--passage", "other text")
                .json();
        assertThat(lines).hasSize(2);
        assertThat(lines.get(0).propertyNames()).containsExactly("id", "dense", "sparse", "colbert",
                "sparse+dense",
                "colbert+sparse+dense");
        assertThat(lines.get(0).get("dense").asDouble()).isBetween(0.9999, 1.0001);
        assertThat(lines.get(1).get("id").asInt()).isEqualTo(1);
        assertThat(lines.get(1).get("dense").asDouble()).isLessThan(0.9999);
    }

    @Test
    void invalidModelExitsWithOneAndItsName(@TempDir Path folder) throws Exception {
        Files.writeString(folder.resolve("config.json"), "{");
        for (String command : List.of("encode", "score", "info", "verify", "demo")) {
            Result result = CommandRunner.runWithInput("a", command, "--model", folder.toString());
            assertThat(result.exitCode()).isEqualTo(1);
            assertThat(result.err()).contains(folder.toString()).hasLineCount(1);
        }
        Result result = CommandRunner.runWithInput("a", "tokenize", "--model", folder.toString());
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).isEqualTo("bgem3: " + folder
                + ": no tokenizer (expected: tokenizer.json or sentencepiece.bpe.model)"
                + System.lineSeparator());
    }

    @Test
    void tokenizeNeedsOnlyTheTokenizersFiles(@TempDir Path folder) throws Exception {
        Files.copy(CommandRunner.TINY.resolve("sentencepiece.bpe.model"),
                folder.resolve("sentencepiece.bpe.model"));
        Result result = CommandRunner.runWithInput("hello", "tokenize", "--model", folder.toString());
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.out())
                .isEqualTo(CommandRunner.runWithInput("hello", "tokenize", "--model", TINY).out());
    }

    @Test
    void modelWithoutHeadsHasOnlyDense(@TempDir Path folder) throws Exception {
        for (String file : List.of("config.json", "pytorch_model.bin", "sentencepiece.bpe.model")) {
            Files.copy(CommandRunner.TINY.resolve(file), folder.resolve(file));
        }
        assertThat(CommandRunner.runWithInput("a", "encode", "--model", folder.toString()).exitCode())
                .isZero();
        Result sparse = CommandRunner.runWithInput("a", "encode", "--sparse", "--model", folder.toString());
        assertThat(sparse.exitCode()).isEqualTo(1);
        assertThat(sparse.err()).contains("sparse").hasLineCount(1);
        Result withoutLines = CommandRunner.run("encode", "--sparse", "--model", folder.toString());
        assertThat(withoutLines.exitCode()).isEqualTo(1);
        assertThat(withoutLines.err()).isEqualTo(sparse.err());
        assertThat(CommandRunner.run("score", "--model", folder.toString()).exitCode()).isEqualTo(1);
        assertThat(CommandRunner.run("info", "--model", folder.toString()).out())
                .contains("sparse (no: the folder has no head for it)");
        assertThat(CommandRunner.run("bench", "--model", folder.toString(), "--batch", "1", "--tokens", "4")
                .exitCode())
                .isZero();
    }
}
