package dev.bgem3.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs each benchmark once on a small size, its own check included; nothing is timed. */
class BenchmarksTest {
    @ParameterizedTest
    @ValueSource(strings = {"scalar", "vector"})
    void productsAgreeWithTheScalarKernelsAndCountTheirOperations(String kernels) {
        ProductBenchmark benchmark = new ProductBenchmark();
        prepare(benchmark, kernels);
        benchmark.tokens = 19;
        benchmark.intermediateSize = 160;
        benchmark.open();
        KernelBenchmark.Operations done = new KernelBenchmark.Operations();
        benchmark.linear(done);
        benchmark.linearGelu(done);
        benchmark.linearAddNorm(done);
        benchmark.close();
        assertThat(done.gigaFlops * 1e9).isCloseTo(2 * 19 * 48 * (3 * 48 + 160 + 160),
                offset(1e-3));
    }

    @ParameterizedTest
    @ValueSource(strings = {"scalar", "vector"})
    void attentionAgreesWithTheScalarKernelsAndCountsItsOperations(String kernels) {
        AttentionBenchmark benchmark = new AttentionBenchmark();
        prepare(benchmark, kernels);
        benchmark.texts = "3x21";
        benchmark.headSize = 16;
        benchmark.open();
        KernelBenchmark.Operations done = new KernelBenchmark.Operations();
        benchmark.attention(done);
        benchmark.close();
        assertThat(done.gigaFlops * 1e9).isCloseTo(4 * 3 * 21 * 21 * 48,
                offset(1e-3));
    }

    @ParameterizedTest
    @ValueSource(strings = {"scalar", "vector"})
    void embeddingsAgreeWithTheScalarKernels(String kernels) {
        EmbeddingBenchmark benchmark = new EmbeddingBenchmark();
        prepare(benchmark, kernels);
        benchmark.tokens = 7;
        benchmark.vocabSize = 40;
        benchmark.open();
        KernelBenchmark.Tokens done = new KernelBenchmark.Tokens();
        benchmark.embed(done);
        benchmark.close();
        assertThat(done.tokens).isEqualTo(7);
    }

    private static void prepare(KernelBenchmark benchmark, String kernels) {
        benchmark.kernels = kernels;
        benchmark.threads = 2;
        benchmark.hiddenSize = 48;
    }

    @Test
    void tokenizerGivesBackTheTextOfItsPieces() {
        TokenizerBenchmark benchmark = new TokenizerBenchmark();
        benchmark.model = Models.MINI;
        benchmark.file = "";
        benchmark.open();
        TokenizerBenchmark.Bytes done = new TokenizerBenchmark.Bytes();
        assertThat(benchmark.encode(done)).isGreaterThan(50_000);
        assertThat(done.megabytes).isBetween(0.2, 2.0);
    }

    @Test
    void tokenizerCountsTheBytesOfAFile(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("lines.txt"), "What is BGE M3?\n什么是向量检索？\n");
        TokenizerBenchmark benchmark = new TokenizerBenchmark();
        benchmark.model = Models.MINI;
        benchmark.file = file.toString();
        benchmark.open();
        TokenizerBenchmark.Bytes done = new TokenizerBenchmark.Bytes();
        benchmark.encode(done);
        assertThat(done.megabytes).isEqualTo((15 + 24) / 1e6);
    }

    @Test
    void loadsTheModelAndItsTokenizerFromEitherFile() {
        LoadBenchmark benchmark = new LoadBenchmark();
        benchmark.model = Models.MINI;
        benchmark.open();
        assertThat(benchmark.model()).isEqualTo(256);
        assertThat(benchmark.tokenizerJson().vocabSize()).isEqualTo(benchmark.sentencePiece().vocabSize());
    }

    @Test
    void saysWhichModelFolderIsMissing() {
        LoadBenchmark benchmark = new LoadBenchmark();
        benchmark.model = "models/absent";
        assertThatThrownBy(benchmark::open).isInstanceOf(IllegalStateException.class)
                .hasMessage("model: " + Models.folder("models/absent") + ": no such folder");
    }

    @ParameterizedTest
    @ValueSource(strings = {"scalar", "vector"})
    void encodingAgreesWithTheScalarKernelsAndCountsTokens(String kernels) {
        EncodeBenchmark benchmark = new EncodeBenchmark();
        benchmark.model = Models.MINI;
        benchmark.kernels = kernels;
        benchmark.threads = 2;
        benchmark.texts = "3x9";
        benchmark.open();
        KernelBenchmark.Tokens done = new KernelBenchmark.Tokens();
        assertThat(benchmark.encode(done)).hasSize(3);
        benchmark.close();
        assertThat(done.tokens).isEqualTo(27);
    }

    @Test
    void checksFailOnANumberOutOfToleranceOrNotANumber() {
        float[] expected = {1, 2, 3};
        Agreement.check("same", new float[]{1, 2, 3}, expected, 0);
        assertThatThrownBy(() -> Agreement.check("linear", new float[]{1, 2.5f, 3}, expected, 0.25))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("linear [1]: 2.5 (expected: 2.0 ± 0.25)");
        assertThatThrownBy(() -> Agreement.check("linear", new float[]{1, 2, Float.NaN}, expected, 0.25))
                .hasMessage("linear [2]: NaN (expected: 3.0 ± 0.25)");
        assertThatThrownBy(() -> Agreement.check("linear", new float[2], expected, 0.25))
                .hasMessage("linear: 2 numbers (expected: 3)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "8", "8x", "0x4", "8x128x2", "-1x4", "1234567x1"})
    void rejectsABatchThatIsNotTextsTimesTokens(String shape) {
        assertThatThrownBy(() -> BatchShape.parse(shape)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("texts: " + shape + " (expected: texts x tokens, such as 8x128)");
    }

    /** The list that JMH's annotation processor writes: without it there is nothing to run. */
    @Test
    void everyBenchmarkIsInTheListThatTheRunnerReads() throws IOException {
        try (InputStream list = BenchmarksTest.class.getResourceAsStream("/META-INF/BenchmarkList")) {
            assertThat(new String(list.readAllBytes(), StandardCharsets.UTF_8)).contains(
                    "ProductBenchmark_linear_", "ProductBenchmark_linearGelu_",
                    "ProductBenchmark_linearAddNorm_",
                    "AttentionBenchmark_attention_", "EmbeddingBenchmark_embed_",
                    "TokenizerBenchmark_encode_",
                    "LoadBenchmark_model_", "LoadBenchmark_tokenizerJson_", "LoadBenchmark_sentencePiece_",
                    "EncodeBenchmark_encode_");
        }
    }
}
