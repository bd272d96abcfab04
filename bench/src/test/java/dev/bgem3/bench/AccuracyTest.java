package dev.bgem3.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.ColbertVectors;
import dev.bgem3.Precision;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.testsupport.TestSizes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Limits the loss of accuracy of bf16 and int8, on a part of the data of {@code bench/accuracy}. */
class AccuracyTest {
    private static final int PAIRS = TestSizes.pick(400, 1_000);
    private static final Path MINI = Models.folder(Models.MINI);
    private static final KernelProvider JIT = KernelProviders.all().stream()
            .filter(provider -> provider.name().equals("jit")).findFirst().orElseThrow();

    @BeforeAll
    static void requireKernelsForBothPrecisions() {
        assumeTrue(System.getProperty("bgem3.kernels") == null,
                "-Dbgem3.kernels is set, and these compare the kernels that serve by default");
        assumeTrue(
                JIT.unavailable().isEmpty()
                        && JIT.arithmetics().containsAll(List.of(Arithmetic.BF16, Arithmetic.INT8)),
                "this processor has no AVX-512 BF16 and VNNI, and no other CPU kernels compute bf16 or int8");
    }

    @ParameterizedTest
    @CsvSource({"BF16, 0.9995", "INT8, 0.99"})
    void staysCloseToFp32OnHeldOutTextsAndInRetrieval(Precision precision, double minCosine) {
        Path file = Path.of(System.getProperty("bgem3.shared", "")).resolve("models/heldout-pairs.jsonl");
        assumeTrue(Files.isRegularFile(file), file + ": no such file; it holds the pairs to judge by");
        Pairs pairs = Pairs.read(file, PAIRS);
        List<Outputs> expected = AccuracyReport.encode(MINI, Precision.FP32, pairs.texts());
        List<Outputs> actual = AccuracyReport.encode(MINI, precision, pairs.texts());

        Fidelity fidelity = Fidelity.of(actual, expected);
        assertThat(Fidelity.firstPercentile(fidelity.dense())).as("dense cosine").isGreaterThan(minCosine);
        assertThat(Fidelity.firstPercentile(fidelity.colbert())).as("ColBERT cosine").isGreaterThan(0.99);
        assertThat(fidelity.sameTopInOrder()).as("texts whose five largest lexical weights are unchanged")
                .isGreaterThanOrEqualTo(0.9);

        Retrieval base = pairs.retrieval(expected);
        Retrieval found = pairs.retrieval(actual);
        assertThat(base.dense()).as("recall in fp32: without it there is nothing to lose").isGreaterThan(0.7);
        assertThat(found.dense()).as("dense recall").isCloseTo(base.dense(), offset(0.01));
        assertThat(found.sparse()).as("sparse recall").isCloseTo(base.sparse(), offset(0.01));
        assertThat(found.colbert()).as("ColBERT recall").isCloseTo(base.colbert(), offset(0.01));
    }

    /**
     * This model has random weights, so its lexical weights are close to one another and near 1; their order
     * says little, and 13 texts say even less. Int8 keeps the five largest in nine of ten of these texts, and
     * in five of six of the held-out ones. A weight is a product of 128 rounded numbers after three layers of
     * them, and each rounding error is typically 2⁻⁹ in bf16: about ten random ones add up to 0.02, and the
     * bound on the largest of about a hundred changes is a small multiple of that.
     */
    @ParameterizedTest
    @CsvSource({"BF16, 0.9995, 0.8, 0.05", "INT8, 0.99, 0.9, 0.1"})
    void staysCloseToFp32OnTheTextsOfTheGoldens(Precision precision, double minCosine, double minUnchanged,
            double maxChange) {
        List<String> texts = AccuracyReport.goldenTexts();
        assertThat(texts).hasSizeGreaterThan(10);
        for (Path folder : AccuracyReport.goldenModels()) {
            Fidelity fidelity = Fidelity.of(AccuracyReport.encode(folder, precision, texts),
                    AccuracyReport.encode(folder, Precision.FP32, texts));
            assertThat(fidelity.dense()[0]).as("%s: dense", folder).isGreaterThan(minCosine);
            assertThat(fidelity.colbert()[0]).as("%s: ColBERT", folder).isGreaterThan(minCosine);
            assertThat(fidelity.sameTop()).as("%s: five largest lexical weights unchanged", folder)
                    .isGreaterThanOrEqualTo(minUnchanged);
            assertThat(fidelity.changes()[fidelity.changes().length - 1]).as("%s: lexical", folder)
                    .isLessThan(maxChange);
        }
    }

    /**
     * The int8 kernels themselves keep the first layer's attention in bf16, and the heads, which follow four
     * layers of four.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void matchesTheKernelsOwnMixOfArithmeticsBitForBit(boolean bf16) {
        List<String> texts = AccuracyReport.goldenTexts();
        try (MixedModel model = new MixedModel(MINI, JIT, number -> bf16 || number < 2 || number >= 16)) {
            List<Outputs> actual = model.encode(texts);
            assertThat(actual).isEqualTo(
                    AccuracyReport.encode(MINI, bf16 ? Precision.BF16 : Precision.INT8, texts));
        }
    }

    @Test
    void matchesTheScoresOfSinglePairs() {
        Random random = new Random(3);
        List<ColbertVectors> texts = Stream.generate(() -> vectors(random, 1 + random.nextInt(700))).limit(24)
                .toList();
        float[][] scores = Retrieval.colbertScores(texts.subList(0, 9), texts.subList(9, 24));
        for (int q = 0; q < 9; q++) {
            for (int p = 0; p < 15; p++) {
                assertThat(scores[q][p]).as("%d, %d", q, p)
                        .isCloseTo(texts.get(q).score(texts.get(9 + p)), offset(1e-5f));
            }
        }
    }

    private static ColbertVectors vectors(Random random, int rows) {
        float[] values = Operands.gaussian(random, rows * 32, 1);
        for (int row = 0; row < rows; row++) {
            float[] one = Arrays.copyOfRange(values, row * 32, (row + 1) * 32);
            double squares = 0;
            for (float number : one) {
                squares += (double) number * number;
            }
            for (int i = 0; i < 32; i++) {
                values[row * 32 + i] = (float) (one[i] / Math.sqrt(squares));
            }
        }
        return new ColbertVectors(values, rows, 32);
    }
}
