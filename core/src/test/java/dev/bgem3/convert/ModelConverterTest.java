package dev.bgem3.convert;

import static dev.bgem3.Embeddings.ALL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.BgeM3;
import dev.bgem3.ColbertVectors;
import dev.bgem3.DenseVector;
import dev.bgem3.Embedding;
import dev.bgem3.Embeddings;
import dev.bgem3.Fixtures;
import dev.bgem3.ModelVariant;
import dev.bgem3.Output;
import dev.bgem3.Pooling;
import dev.bgem3.error.ModelException;
import dev.bgem3.json.Json;
import dev.bgem3.json.JsonObject;
import dev.bgem3.model.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;

class ModelConverterTest {
    static final List<Path> LAYOUTS = Fixtures.TINY_LAYOUTS;

    @TempDir
    private Path temporary;

    private List<Embedding> encode(Path folder) {
        try (BgeM3 model = BgeM3.load(folder)) {
            return model.encode(List.of("What is BGE M3?", "", "Defination of BM25", "données ".repeat(40)),
                    ALL);
        }
    }

    @ParameterizedTest
    @FieldSource("LAYOUTS")
    void givesTheSourcesBitsInFp16AndFp32(Path source) {
        // The fixture's numbers are exact in fp16, in its fp32 file as well.
        for (WeightType dtype : List.of(WeightType.FP16, WeightType.FP32)) {
            Path target = temporary.resolve(dtype.label());
            ModelConverter.convert(source, target, dtype);
            Embeddings.assertSameBits(dtype.label(), encode(target), encode(source));
            try (BgeM3 model = BgeM3.load(target)) {
                assertThat(model.info().weightDtype()).isEqualTo(dtype.label());
                assertThat(model.info().weightFiles()).containsExactly("model.safetensors");
            }
        }
    }

    @Test
    void keepsFp32NumbersBitForBit() {
        Path source = ModelVariant.ofTiny().change("encoder.layer.0.attention.self.query.weight", values -> {
            for (int i = 0; i < values.length; i++) {
                values[i] *= 1.0001f; // Not exact in fp16.
            }
        }).write(temporary.resolve("source"));
        Path target = temporary.resolve("target");
        ModelConverter.convert(source, target, WeightType.FP32);
        Embeddings.assertSameBits("fp32", encode(target), encode(source));
    }

    /**
     * The bound. bf16 keeps 8 bits of a number, so that each weight changes by at most 2⁻⁸ of itself, at
     * random and typically by 2⁻⁸/√3/1.4 ≈ 0.0016. A sum of products changes by the same fraction of its own
     * size, and layer norms keep that fraction. The 12 consecutive products and the residuals' sums make it
     * about √12 · 0.0016 · 2 ≈ 0.011 of the hidden state's norm; the embeddings, norms and heads add as much
     * again. For vectors of norm 1 this is a distance, which gives a cosine of at least 1 − 0.022²/2 ≈
     * 0.9998. The test allows one and a half times this distance.
     */
    @Test
    void staysNearTheSourceInBf16() {
        Path target = temporary.resolve("target");
        ModelConverter.convert(Fixtures.TINY, target, WeightType.BF16);
        List<Embedding> found = encode(target);
        List<Embedding> expected = encode(Fixtures.TINY);
        double distance = 1.5 * 0.022;
        for (int i = 0; i < found.size(); i++) {
            double dense = found.get(i).dense().dot(expected.get(i).dense());
            assertThat(dense).as("text %d", i).isGreaterThan(1 - distance * distance / 2);
            assertThat(found.get(i).dense()).isNotEqualTo(expected.get(i).dense());
            ColbertVectors colbert = expected.get(i).colbert();
            for (int row = 0; row < colbert.rows(); row++) {
                double cosine = new DenseVector(found.get(i).colbert().row(row))
                        .dot(new DenseVector(colbert.row(row)));
                assertThat(cosine).as("text %d, row %d", i, row).isGreaterThan(1 - distance * distance / 2);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void writesEveryNumberOfEveryTensorRoundedOnce(WeightType dtype) {
        Path target = temporary.resolve("target");
        ModelConverter.convert(Fixtures.MINI, target, dtype);
        try (ModelFolder source = ModelFolder.open(Fixtures.MINI);
                ModelFolder written = ModelFolder.open(target)) {
            assertThat(written.encoderTensors().keySet()).isEqualTo(source.encoderTensors().keySet());
            source.encoderTensors().forEach((name, tensor) -> {
                float[] expected = tensor.toFloats();
                float[] found = written.encoderTensors().get(name).toFloats();
                for (int i = 0; i < expected.length; i++) {
                    float rounded = dtype == WeightType.BF16 ? roundedToBf16(expected[i]) : expected[i];
                    if (found[i] != rounded) {
                        throw new AssertionError(name + "[" + i + "]: " + found[i] + " for " + expected[i]);
                    }
                }
            });
        }
    }

    private static float roundedToBf16(float value) {
        // Adding and subtracting a number with an fp32 ulp 2¹⁶ times larger rounds to nearest even at bf16's
        // last place.
        float large = Math.ulp(value) * 0x1.8p39f;
        return value == 0 || Math.abs(value) < 1e-30f ? value : (value + large) - large;
    }

    @Test
    void keepsTheConfigurationAndCopiesTheTokenizerAndThePooling() throws IOException {
        Path source = ModelVariant.ofTiny().file("tokenizer_config.json", "{\"a\": 1}")
                .file("1_Pooling/config.json", "{\"pooling_mode_mean_tokens\": true}")
                .file("README.md", "no part")
                .config("id2label", "{\"0\": \"x\\u00e9\"}").write(temporary.resolve("source"));
        Path target = temporary.resolve("target");
        ModelConverter.convert(source, target, WeightType.FP16);
        assertThat(namesIn(target)).containsExactlyInAnyOrder("config.json", "model.safetensors",
                "sentencepiece.bpe.model", "tokenizer_config.json", "1_Pooling");
        JsonObject config = (JsonObject) Json.parse(Files.readAllBytes(target.resolve("config.json")));
        assertThat(config.string("torch_dtype")).hasValue("float16");
        assertThat(config.object("id2label").orElseThrow().string("0")).hasValue("xé");
        try (BgeM3 model = BgeM3.load(target)) {
            assertThat(model.info().pooling()).isEqualTo(Pooling.MEAN);
        }
    }

    @Test
    void reportsProgress() throws IOException {
        List<Long> written = new ArrayList<>();
        Path target = temporary.resolve("target");
        ModelConverter.convert(Fixtures.MINI, target, WeightType.FP32, (bytes, totalBytes) -> {
            assertThat(bytes).isLessThanOrEqualTo(totalBytes);
            assertThat(bytes - (written.isEmpty() ? 0 : written.getLast())).isBetween(1L, 4L << 20);
            written.add(bytes);
        });
        assertThat(written).hasSizeGreaterThan(2).last()
                .isEqualTo(Files.size(target.resolve("model.safetensors")));
    }

    @Test
    void leavesNothingBehindIfTheListenerThrows() throws IOException {
        assertThatIllegalStateException()
                .isThrownBy(() -> ModelConverter.convert(Fixtures.TINY, temporary.resolve("new/target"),
                        WeightType.FP16, (bytes, totalBytes) -> {
                            throw new IllegalStateException("enough");
                        }))
                .withMessage("enough");
        assertThat(namesIn(temporary)).isEmpty();
    }

    @Test
    void convertsADenseOnlyFolder() {
        Path source = ModelVariant.ofTiny().without(ModelVariant.HEADS).prefix("roberta.")
                .write(temporary.resolve("source"));
        ModelConverter.convert(source, temporary.resolve("target"), WeightType.FP16);
        try (BgeM3 model = BgeM3.load(temporary.resolve("target"))) {
            assertThat(model.info().outputs()).containsExactly(Output.DENSE);
        }
    }

    @ParameterizedTest
    @CsvSource({"FP16, 65520", "FP16, -1e5", "BF16, 0x1.ffp127", "BF16, -3.4028235e38", "FP32, NaN",
            "FP16, Infinity"})
    void refusesNumbersThatDoNotFitAndLeavesNothingBehind(WeightType dtype, float value) throws IOException {
        String name = "encoder.layer.1.output.dense.weight";
        Path source = ModelVariant.ofTiny().change(name, values -> values[2 * 320 + 3] = value)
                .write(temporary.resolve("source"));
        Path target = temporary.resolve("new/parents/target");
        String type = dtype == WeightType.FP32 ? "F32" : dtype == WeightType.FP16 ? "F16" : "BF16";
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(() -> ModelConverter.convert(source, target, dtype))
                .withMessage(source.resolve("model.safetensors") + ": tensor \"" + name
                        + "\": F32 [128, 320]: "
                        + value + " at row 2, column 3 (expected: finite numbers that fit " + type + ")");
        assertThat(namesIn(temporary)).containsExactly("source");
    }

    @ParameterizedTest
    @CsvSource({"FP16, 65519.996", "FP16, -65504", "BF16, 0x1.fefffep127", "BF16, -0x1.fep127",
            "FP32, 3.4028235e38"})
    void acceptsTheLargestNumbersThatFit(WeightType dtype, float value) {
        String name = "encoder.layer.1.output.dense.weight";
        Path source = ModelVariant.ofTiny().change(name, values -> values[0] = value)
                .write(temporary.resolve("source"));
        Path target = temporary.resolve("target");
        ModelConverter.convert(source, target, dtype);
        try (ModelFolder written = ModelFolder.open(target)) {
            assertThat(written.encoderTensors().get(name).toFloats()[0]).isFinite();
        }
    }

    @Test
    void refusesATargetThatIsNotEmptyAndKeepsIt() throws IOException {
        Path full = Files.createDirectory(temporary.resolve("full"));
        Files.writeString(full.resolve("mine"), "kept");
        assertRefused(full, full + ": exists and is not empty (expected: a new or an empty folder)");
        assertThat(full.resolve("mine")).hasContent("kept");
        Path file = Files.writeString(temporary.resolve("file"), "kept");
        assertRefused(file, file + ": exists and is not a folder (expected: a new or an empty folder)");
        assertThat(file).hasContent("kept");
        Path below = file.resolve("below");
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(() -> ModelConverter.convert(Fixtures.TINY, below, WeightType.FP16))
                .withMessageStartingWith(below + ": cannot be written: ");
        assertThat(namesIn(temporary)).containsExactlyInAnyOrder("full", "file");
        Path empty = Files.createDirectory(temporary.resolve("empty"));
        ModelConverter.convert(Fixtures.TINY, empty, WeightType.FP16);
        assertThat(namesIn(empty)).contains("model.safetensors");
    }

    @Test
    void fillsTheEmptyFolderThatALinkPointsTo() throws IOException {
        Path folder = Files.createDirectory(temporary.resolve("folder"));
        Path link = Files.createSymbolicLink(temporary.resolve("link"), folder);
        ModelConverter.convert(Fixtures.TINY, link, WeightType.FP16);
        assertThat(link).isSymbolicLink();
        assertThat(namesIn(folder)).contains("model.safetensors");
        assertThat(namesIn(temporary)).containsExactlyInAnyOrder("folder", "link");
    }

    @Test
    void createsTheFolderThatALinkPointsTo() throws IOException {
        Path link = Files.createSymbolicLink(temporary.resolve("link"), Path.of("folders/new"));
        ModelConverter.convert(Fixtures.TINY, link, WeightType.FP16);
        assertThat(link).isSymbolicLink();
        assertThat(namesIn(temporary.resolve("folders/new"))).contains("model.safetensors", "config.json");
        assertThat(namesIn(temporary)).containsExactlyInAnyOrder("folders", "link");
        Path circle = Files.createSymbolicLink(temporary.resolve("circle"), Path.of("circle"));
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(() -> ModelConverter.convert(Fixtures.TINY, circle, WeightType.FP16))
                .withMessageStartingWith(circle + ": cannot be written: ");
    }

    @Test
    void namesATargetThatCannotBeWritten() {
        Path target = Path.of("/proc/self/target");
        assumeTrue(Files.exists(target.getParent()), "no /proc here: nowhere that even root cannot write");
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(() -> ModelConverter.convert(Fixtures.TINY, target, WeightType.FP16))
                .withMessageStartingWith(target + ": cannot be written: ");
    }

    private static void assertRefused(Path target, String message) {
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(() -> ModelConverter.convert(Fixtures.TINY, target, WeightType.FP16))
                .withMessage(message);
    }

    @Test
    void refusesAFolderThatIsNotAModel() throws IOException {
        Path missing = temporary.resolve("missing");
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(() -> ModelConverter.convert(missing, temporary.resolve("x"), WeightType.FP16))
                .withMessage(missing + ": no such folder (expected: a model folder with config.json)");
        assertThat(namesIn(temporary)).isEmpty();
    }

    private static List<String> namesIn(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> entry.getFileName().toString()).toList();
        }
    }
}
