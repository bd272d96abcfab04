package dev.bgem3;

import static dev.bgem3.Embeddings.ALL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bgem3.convert.SyntheticModel;
import dev.bgem3.error.InputException;
import dev.bgem3.error.ModelException;
import dev.bgem3.error.NonFiniteOutputException;
import dev.bgem3.testsupport.TestSizes;
import dev.bgem3.weights.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests weights from fine-tuned and converted folders, and weights that are missing, have the wrong shape or
 * are not finite.
 */
class ModelWeightsTest {
    private static final String WORDS = "embeddings.word_embeddings.weight";
    private static final String TEXT = "What is BGE M3?";

    private static BgeM3 tiny;
    private static Embedding expected;

    @TempDir
    private Path folder;

    @BeforeAll
    static void load() {
        tiny = BgeM3.load(Fixtures.TINY);
        expected = tiny.encode(TEXT, ALL);
    }

    @AfterAll
    static void close() {
        tiny.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "roberta.", "model.", "bert.", "module.", "encoder.", "0.auto_model.",
            "model.roberta."})
    void readsTensorsUnderEachPrefix(String prefix) {
        ModelVariant.ofTiny().prefix(prefix).write(folder);
        assertGivesTheTinyModelsBits();
    }

    @ParameterizedTest
    @ValueSource(strings = {"module.", "module.model."})
    void findsTheHeadsBesideAHiddenEncoder(String prefix) {
        ModelVariant.ofTiny().prefix(prefix).rename("colbert_linear.", "module.colbert_linear.")
                .rename("sparse_linear.", "module.sparse_linear.").write(folder);
        assertGivesTheTinyModelsBits();
    }

    @Test
    void namesTheTensorWithoutTheOthersPrefix() {
        String stray = "encoder.layer.1.output.dense.bias";
        ModelVariant.ofTiny().prefix("module.").rename("module." + stray, "other." + stray).write(folder);
        assertRefused("tensor \"module." + stray + "\": missing (expected: [128])");
    }

    @Test
    void refusesSeveralEncodersInOneFile() {
        ModelVariant.ofTiny().prefix("query.").add("passage." + WORDS, DType.F32, 1, 128).write(folder);
        assertRefused("tensor \"" + WORDS + "\": after the prefixes [passage., query.], which are several "
                + "encoders (expected: one, or one of the prefixes roberta. or bert. or model.)");
        ModelVariant.ofTiny().prefix("roberta.").add("passage." + WORDS, DType.F32, 1, 128).write(folder);
        assertGivesTheTinyModelsBits();
    }

    @Test
    void ignoresUnusedTensors() {
        ModelVariant.ofTiny().prefix("roberta.").add("roberta.pooler.dense.weight", DType.F32, 128, 128)
                .add("roberta.pooler.dense.bias", DType.F32, 128)
                .add("roberta.embeddings.position_ids", DType.I64, 1, 514)
                .add("lm_head.bias", DType.U8, 3).write(folder);
        assertGivesTheTinyModelsBits();
        try (BgeM3 model = BgeM3.load(folder)) {
            assertThat(model.info().parameterCount()).isEqualTo(tiny.info().parameterCount());
        }
    }

    private void assertGivesTheTinyModelsBits() {
        try (BgeM3 model = BgeM3.load(folder)) {
            Embeddings.assertSameBits("variant", model.encode(TEXT, ALL), expected);
        }
    }

    /** Returns the names of all tensors; in short tests, of the layers' only those of the last. */
    private static List<String> tensorNames() {
        return ModelVariant.ofTiny().tensorNames().stream()
                .filter(name -> TestSizes.pick(!name.matches(".*\\.layer\\.[01]\\..*"), true)).toList();
    }

    @Test
    void namesEachMissingTensor() {
        for (String name : tensorNames()) {
            ModelVariant variant = ModelVariant.ofTiny();
            String shape = name.equals("colbert_linear.weight")
                    ? "[1..65536, 128]"
                    : Arrays.toString(variant.shape(name));
            variant.without(List.of(name)).write(folder);
            assertRefused("tensor \"" + name + "\": missing (expected: "
                    + (name.equals(WORDS)
                            ? "it, alone or after a prefix such as roberta. or bert. or model.)"
                            : shape + ")"));
        }
    }

    @Test
    void namesEachTensorOfTheWrongSizeWithBothShapes() {
        for (String name : tensorNames()) {
            if (name.startsWith("colbert")) {
                continue; // Its weight may have any number of rows; see namesATensorOfTheWrongForm.
            }
            ModelVariant variant = ModelVariant.ofTiny();
            long[] right = variant.shape(name);
            long[] wrong = right.clone();
            wrong[0]++;
            variant.reshape(name, wrong).write(folder);
            assertRefused("tensor \"" + name + "\": shape " + Arrays.toString(wrong) + " (expected: "
                    + Arrays.toString(right) + ")");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
            "encoder.layer.1.attention.self.key.weight; 128,64; [128, 128]",
            "encoder.layer.1.attention.self.key.weight; 16384; [128, 128]",
            "encoder.layer.0.output.dense.weight; 320,128; [128, 320]",
            "encoder.layer.2.output.LayerNorm.bias; 1,128; [128]",
            "embeddings.word_embeddings.weight; 1502,127; [1502, 128]",
            "embeddings.position_embeddings.weight; 0,128; [514, 128]",
            "colbert_linear.bias; 127; [128]",
            "sparse_linear.weight; 128; [1, 128]"})
    void namesATensorOfTheWrongForm(String name, String shape, String right) {
        long[] wrong = Arrays.stream(shape.split(",")).mapToLong(Long::parseLong).toArray();
        ModelVariant.ofTiny().reshape(name, wrong).write(folder);
        assertRefused(
                "tensor \"" + name + "\": shape " + Arrays.toString(wrong) + " (expected: " + right + ")");
    }

    @Test
    void refusesAColbertWeightOfTheWrongForm() {
        Path file = folder.resolve("model.safetensors");
        ModelVariant.ofTiny().reshape("colbert_linear.weight", 16384).write(folder);
        assertThatThrownBy(() -> BgeM3.load(folder)).isInstanceOf(ModelException.class).hasMessage(
                file + ": tensor \"colbert_linear.weight\": F32 [16384] (expected: [1..65536, 128])");
        ModelVariant.ofTiny().reshape("colbert_linear.weight", 128, 127).write(folder);
        assertRefused("tensor \"colbert_linear.weight\": shape [128, 127] (expected: [128, 128])");
    }

    @Test
    void refusesIntegerWeights() {
        ModelVariant.ofTiny().dtype("encoder.layer.0.intermediate.dense.weight", DType.I8).write(folder);
        assertRefused("tensor \"encoder.layer.0.intermediate.dense.weight\": I8 [320, 128] "
                + "(expected: F32, F16, BF16 or F64)");
    }

    @Test
    void refusesEmbeddingRowsThatDisagreeWithTheVocabulary() {
        ModelVariant.ofTiny().reshape(WORDS, 1500, 128).write(folder);
        assertRefused("tensor \"" + WORDS + "\": shape [1500, 128] (expected: [1502, 128])");
        ModelVariant.ofTiny().reshape(WORDS, 1500, 128).config("vocab_size", "1500").write(folder);
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessage(folder + ": the tokenizer has 1502 token ids (expected: at most 1500, "
                        + "vocab_size in config.json)");
    }

    /** As {@code resize_token_embeddings(pad_to_multiple_of=64)} leaves them. */
    @ParameterizedTest
    @ValueSource(ints = {1503, 1536, 2048})
    void ignoresSpareRowsOfEmbeddings(int rows) {
        ModelVariant.ofTiny().reshape(WORDS, rows, 128).config("vocab_size", Integer.toString(rows))
                .write(folder);
        assertGivesTheTinyModelsBits();
        try (BgeM3 model = BgeM3.load(folder)) {
            assertThat(model.info().vocabSize()).isEqualTo(rows);
        }
    }

    /** With the tensors' whole names, and with only the last part of them as in PyTorch's files. */
    @Test
    void readsHeadsInSafetensorsFilesOfTheirOwn() throws IOException {
        List<String> sparse = List.of("sparse_linear.weight", "sparse_linear.bias");
        Path other = folder.resolve("other");
        ModelVariant.ofTiny().only(sparse).rename("sparse_linear.", "").write(other);
        Files.move(other.resolve("model.safetensors"), folder.resolve("sparse_linear.safetensors"));
        ModelVariant.ofTiny().only(List.of("colbert_linear.weight", "colbert_linear.bias")).write(other);
        Files.move(other.resolve("model.safetensors"), folder.resolve("colbert_linear.safetensors"));
        ModelVariant.ofTiny().without(ModelVariant.HEADS).write(folder);
        assertGivesTheTinyModelsBits();
        try (BgeM3 model = BgeM3.load(folder)) {
            assertThat(model.info().weightFiles()).containsExactly("model.safetensors",
                    "sparse_linear.safetensors", "colbert_linear.safetensors");
        }
    }

    @Test
    void readsASmallerVocabulary() throws IOException {
        Path other = folder.resolve("vocabulary");
        SyntheticModel.write(other, new SyntheticModel.Sizes(1, 8, 1, 8, 700, 10), 1, Optional.empty());
        ModelVariant.ofTiny().reshape(WORDS, 700, 128).config("vocab_size", "700")
                .file("sentencepiece.bpe.model", Files.readAllBytes(other.resolve("sentencepiece.bpe.model")))
                .write(folder.resolve("cut"));
        try (BgeM3 model = BgeM3.load(folder.resolve("cut"))) {
            assertThat(model.info().vocabSize()).isEqualTo(700);
            assertThat(model.tokenizer().maskTokenId()).isEqualTo(699);
            Embeddings.assertSound("cut", model.encode("the <mask> of BM25", ALL));
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> model.encodeTokenIds(List.of(new int[]{0, 700, 2}), ALL))
                    .withMessage("text 0: token id 700 (expected: 0..699)");
        }
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F16", "BF16", "F32"})
    void readsHeadsOfEachType(DType dtype) {
        ModelVariant variant = ModelVariant.ofTiny();
        ModelVariant.HEADS.forEach(name -> variant.dtype(name, dtype));
        variant.write(folder);
        // The fixture's head weights are fp16 numbers. bf16 keeps 8 bits, so that each weight changes by at
        // most 2⁻⁸ of its value, and a projection of 128 values near 1 by weights below 0.1 by at most 128 ·
        // 0.1 · 2⁻⁸ = 0.05, but by about a tenth of that if the errors are random.
        double bound = dtype == DType.BF16 ? 0.025 : 0;
        try (BgeM3 model = BgeM3.load(folder)) {
            Embedding found = model.encode(TEXT, ALL);
            assertThat(found.dense()).isEqualTo(expected.dense());
            assertThat(found.lexicalWeights().tokenIds()).isEqualTo(expected.lexicalWeights().tokenIds());
            assertWithin(found.lexicalWeights().weights(), expected.lexicalWeights().weights(), bound);
            assertWithin(found.colbert().values(), expected.colbert().values(), bound);
        }
    }

    private static void assertWithin(float[] found, float[] values, double bound) {
        assertThat(found).hasSameSizeAs(values);
        for (int i = 0; i < found.length; i++) {
            assertThat(Math.abs((double) found[i] - values[i])).as("number %d", i).isLessThanOrEqualTo(bound);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 32, 200})
    void readsAColbertHeadOfAnotherSize(int size) {
        ModelVariant.ofTiny().reshape("colbert_linear.weight", size, 128).reshape("colbert_linear.bias", size)
                .write(folder);
        try (BgeM3 model = BgeM3.load(folder)) {
            assertThat(model.info().colbertDimension()).isEqualTo(size);
            Embedding found = model.encode(TEXT, ALL);
            Embeddings.assertSound("size " + size, found);
            assertThat(found.colbert().dimension()).isEqualTo(size);
            float norm = 0;
            for (float value : found.colbert().row(0)) {
                norm += value * value;
            }
            assertThat(norm).isBetween(0.9999f, 1.0001f);
        }
    }

    @Test
    void refusesAnOutputThatTheModelHasNoHeadFor() {
        ModelVariant.ofTiny().without(ModelVariant.HEADS).write(folder);
        try (BgeM3 model = BgeM3.load(folder)) {
            assertThat(model.info().outputs()).containsExactly(Output.DENSE);
            assertThat(model.info().colbertDimension()).isZero();
            assertThat(model.encode(TEXT).dense()).isEqualTo(expected.dense());
            String sparse = "sparse: this model has no head for it (expected: sparse_linear.pt or "
                    + "sparse_linear.safetensors in " + folder + ", or its tensors in model.safetensors)";
            String colbert = "colbert: this model has no head for it (expected: colbert_linear.pt or "
                    + "colbert_linear.safetensors in " + folder + ", or its tensors in model.safetensors)";
            assertUnavailable(() -> model.encode(TEXT, EncodeOptions.of(Output.SPARSE)), sparse);
            assertUnavailable(() -> model.encode(List.of(), EncodeOptions.of(Output.SPARSE)), sparse);
            assertUnavailable(() -> model.encodeQueries(TEXT, EncodeOptions.of(Output.DENSE, Output.COLBERT)),
                    colbert);
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> model.computeScore(new TextPair(TEXT, TEXT)))
                    .withMessageContaining("this model has no head for it");
        }
    }

    private static void assertUnavailable(Runnable call, String message) {
        assertThatExceptionOfType(InputException.class).isThrownBy(call::run).withMessage(message);
    }

    @Test
    void prefersAHeadsOwnFileToTensorsBesideTheEncoder() throws IOException {
        ModelVariant.ofTiny().change("sparse_linear.weight", values -> Arrays.fill(values, 0)).write(folder);
        Files.copy(Fixtures.TINY.resolve("sparse_linear.pt"), folder.resolve("sparse_linear.pt"));
        assertGivesTheTinyModelsBits();
    }

    @Test
    void namesEachNonFiniteWeightWhenItLoads() {
        for (String name : tensorNames()) {
            if (name.equals(WORDS) || name.startsWith("embeddings.position")) {
                continue; // These are only checked when they are used.
            }
            float value = name.endsWith("weight") ? Float.NaN : Float.NEGATIVE_INFINITY;
            ModelVariant variant = ModelVariant.ofTiny();
            long[] shape = variant.shape(name);
            int columns = (int) shape[shape.length - 1];
            int row = shape.length == 1 ? 0 : (int) shape[0] - 1;
            variant.change(name, values -> values[row * columns + 5 % columns] = value).write(folder);
            assertRefused("tensor \"" + name + "\": " + value + " at row " + row + ", column " + 5 % columns
                    + " (expected: finite numbers)");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"scalar", "vector"})
    void namesANonFiniteEmbeddingWhenATextUsesIt(String kernels) {
        int id = expected.lexicalWeights().tokenIds()[0];
        ModelVariant.ofTiny().change(WORDS, values -> values[id * 128 + 7] = Float.NaN)
                .change("embeddings.position_embeddings.weight",
                        values -> values[40 * 128] = Float.POSITIVE_INFINITY)
                .write(folder);
        int[] good = {0, id == 5 ? 6 : 5, 2};
        int[] bad = {0, id, 2};
        int[] reachingRow40 = new int[39];
        Path file = folder.resolve("model.safetensors");
        try (BgeM3 model = BgeM3.load(folder,
                LoadOptions.builder().kernels(KernelKind.of(kernels)).threads(2).build())) {
            Embedding before = model.encodeTokenIds(List.of(good), ALL).getFirst();
            assertThatExceptionOfType(ModelException.class)
                    .isThrownBy(() -> model.encodeTokenIds(List.of(good, bad), ALL))
                    .withMessage(file + ": tensor \"" + WORDS + "\": NaN at row " + id
                            + ", column 7 (expected: finite numbers)");
            assertThatExceptionOfType(ModelException.class)
                    .isThrownBy(() -> model.encodeTokenIds(List.of(reachingRow40), ALL))
                    .withMessage(
                            file + ": tensor \"embeddings.position_embeddings.weight\": Infinity at row 40"
                                    + ", column 0 (expected: finite numbers)");
            Embeddings.assertSameBits("after", model.encodeTokenIds(List.of(good), ALL).getFirst(), before);
        }
    }

    @ParameterizedTest
    @CsvSource({"scalar, DENSE, encoder.layer.2.output.LayerNorm.weight",
            "vector, DENSE, encoder.layer.2.output.LayerNorm.weight",
            "scalar, SPARSE, sparse_linear.weight", "vector, SPARSE, sparse_linear.weight",
            "scalar, COLBERT, colbert_linear.weight", "vector, COLBERT, colbert_linear.weight"})
    void namesTheTextWhoseOutputIsNotFinite(String kernels, Output output, String tensor) {
        ModelVariant variant = ModelVariant.ofTiny().change(tensor,
                values -> Arrays.fill(values, Float.MAX_VALUE));
        if (output != Output.DENSE) {
            // Makes hidden states about 1,000, so that products do not cancel out.
            variant.change("encoder.layer.2.output.LayerNorm.bias", values -> Arrays.fill(values, 1_000));
        }
        variant.write(folder);
        try (BgeM3 model = BgeM3.load(folder,
                LoadOptions.builder().kernels(KernelKind.of(kernels)).threads(2).build())) {
            String longest = "the longest of these texts is\nthe first of which the batch is made";
            assertThatExceptionOfType(NonFiniteOutputException.class)
                    .isThrownBy(() -> model.encode(List.of("short", longest), EncodeOptions.of(output)))
                    .withMessageMatching("text 1 \\(\"the longest of these texts is the first …\"\\): "
                            + output.label()
                            + ": number \\d+ is (NaN|Infinity) \\(expected: finite numbers\\)");
        }
    }

    @Test
    void namesThePairWhoseOutputIsNotFinite() {
        ModelVariant.ofTiny().change("encoder.layer.2.output.LayerNorm.weight",
                values -> Arrays.fill(values, Float.MAX_VALUE)).write(folder);
        try (BgeM3 model = BgeM3.load(folder)) {
            List<TextPair> pairs = List.of(new TextPair("q", "p"), new TextPair("the longer query", "p"));
            assertThatExceptionOfType(NonFiniteOutputException.class)
                    .isThrownBy(() -> model.computeScore(pairs))
                    .withMessageStartingWith("pair 1: query (\"the longer query\"): dense: number 0 is ");
        }
    }

    private void assertRefused(String message) {
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessage(folder.resolve("model.safetensors") + ": " + message);
    }
}
