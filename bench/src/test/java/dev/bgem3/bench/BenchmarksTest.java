package dev.bgem3.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.KernelProviders;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs each benchmark once on a small size, including its own check, without timing. */
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

    @ParameterizedTest
    @ValueSource(strings = {"scalar", "vector"})
    void geluNormAndSoftmaxAgreeWithTheScalarKernelsAndCountTheirElements(String kernels) {
        RowBenchmark benchmark = new RowBenchmark();
        prepare(benchmark, kernels);
        benchmark.tokens = 19;
        benchmark.intermediateSize = 160;
        benchmark.headCount = 3;
        benchmark.open();
        RowBenchmark.Elements done = new RowBenchmark.Elements();
        benchmark.gelu(done);
        benchmark.norm(done);
        benchmark.softmax(done);
        benchmark.close();
        assertThat(done.megaElements * 1e6).isCloseTo(19 * (160 + 48 + 3 * 19), offset(1e-3));
    }

    @ParameterizedTest
    @ValueSource(strings = {"scalar", "vector"})
    void headsAgreeWithTheScalarKernels(String kernels) {
        HeadBenchmark benchmark = new HeadBenchmark();
        prepare(benchmark, kernels);
        benchmark.texts = "3x7";
        benchmark.open();
        KernelBenchmark.Tokens done = new KernelBenchmark.Tokens();
        assertThat(benchmark.dense(done)).hasDimensions(3, 48);
        assertThat(benchmark.sparse(done)).hasSize(21);
        assertThat(benchmark.colbert(done)).hasDimensions(3, 6 * 48);
        benchmark.close();
        assertThat(done.tokens).isEqualTo(63);
    }

    static Stream<Arithmetic> runsEveryKernelBenchmarkInReducedPrecision() {
        return Stream.of(Arithmetic.values())
                .filter(arithmetic -> arithmetic.isForCpu() && arithmetic != Arithmetic.FP32);
    }

    /** Tests the other arithmetics of the jit kernels, if this processor supports them. */
    @ParameterizedTest
    @MethodSource
    void runsEveryKernelBenchmarkInReducedPrecision(Arithmetic arithmetic) {
        KernelProvider jit = KernelProviders.all().stream().filter(one -> one.name().equals("jit"))
                .findFirst()
                .orElseThrow();
        assumeTrue(
                jit.unavailable().isEmpty() && jit.arithmetics().contains(arithmetic),
                "this processor has no units for the jit kernels in " + arithmetic);
        ProductBenchmark products = new ProductBenchmark();
        RowBenchmark rows = new RowBenchmark();
        HeadBenchmark heads = new HeadBenchmark();
        for (KernelBenchmark benchmark : List.of(products, rows, heads)) {
            prepare(benchmark, "jit");
            benchmark.arithmetic = arithmetic.name();
        }
        products.tokens = 19;
        products.intermediateSize = 160;
        products.open();
        products.close();
        rows.tokens = 19;
        rows.intermediateSize = 160;
        rows.headCount = 3;
        rows.open();
        rows.close();
        heads.texts = "3x7";
        heads.open();
        heads.close();
    }

    private static void prepare(KernelBenchmark benchmark, String kernels) {
        benchmark.kernels = kernels;
        benchmark.arithmetic = "FP32";
        benchmark.threads = 2;
        benchmark.hiddenSize = 48;
    }

    @Test
    void tokenizerRestoresTheTextOfItsPieces() {
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
    void loadsTheModelAndItsTokenizerFromEitherFile() throws IOException {
        LoadBenchmark benchmark = new LoadBenchmark();
        benchmark.model = Models.MINI;
        benchmark.open();
        assertThat(benchmark.model()).isEqualTo(256);
        assertThat(benchmark.tokenizerJson().vocabSize()).isEqualTo(benchmark.sentencePiece().vocabSize());
        benchmark.close();
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
        benchmark.precision = "FP32";
        benchmark.threads = 2;
        benchmark.texts = "3x9";
        benchmark.open();
        KernelBenchmark.Tokens done = new KernelBenchmark.Tokens();
        assertThat(benchmark.encode(done)).hasSize(3);
        benchmark.close();
        assertThat(done.tokens).isEqualTo(27);
    }

    @Test
    void failsOnNumbersOutOfToleranceAndOnNaN() {
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

    /** JMH's annotation processor writes this list, without which the runner finds no benchmark. */
    @Test
    void listsEveryBenchmarkForTheRunner() throws IOException {
        try (InputStream list = BenchmarksTest.class.getResourceAsStream("/META-INF/BenchmarkList")) {
            assertThat(new String(list.readAllBytes(), StandardCharsets.UTF_8)).contains(
                    "ProductBenchmark_linear_", "ProductBenchmark_linearGelu_",
                    "ProductBenchmark_linearAddNorm_",
                    "AttentionBenchmark_attention_", "EmbeddingBenchmark_embed_",
                    "RowBenchmark_gelu_", "RowBenchmark_norm_", "RowBenchmark_softmax_",
                    "HeadBenchmark_dense_", "HeadBenchmark_sparse_", "HeadBenchmark_colbert_",
                    "TokenizerBenchmark_encode_",
                    "LoadBenchmark_model_", "LoadBenchmark_tokenizerJson_", "LoadBenchmark_sentencePiece_",
                    "EncodeBenchmark_encode_");
        }
    }
}
