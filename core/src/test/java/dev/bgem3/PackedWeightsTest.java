package dev.bgem3;

import static dev.bgem3.Embeddings.ALL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.convert.WriteListener;
import dev.bgem3.error.ModelException;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProvider;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.PackedLayout;
import dev.bgem3.kernel.PackedLinear;
import dev.bgem3.kernel.ProvenArithmetics;
import dev.bgem3.model.ModelFolder;
import dev.bgem3.packed.PackedFile;
import dev.bgem3.testsupport.DefaultKernels;
import dev.bgem3.testsupport.Seeds;
import dev.bgem3.testsupport.TestSizes;
import dev.bgem3.weights.StoredTensor;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests weights packed beside a model: they give the same bits, and are used only for the model and kernels
 * that they were packed for.
 */
class PackedWeightsTest {
    private static final String WEIGHTS = "model.safetensors";
    private static final List<String> TEXTS = List.of("What is BGE M3?", "", "données ".repeat(40));

    private static final Logger LOGGER = Logger.getLogger("dev.bgem3.model");

    @TempDir
    private Path temporary;
    private Path folder;

    /** Kernels of this machine with one arithmetic. */
    private record Tier(String kernels, Arithmetic arithmetic) {
        Kernels open() {
            return KernelProviders.all().stream().filter(provider -> provider.name().equals(kernels))
                    .findFirst()
                    .orElseThrow().open(arithmetic, 2, 0);
        }
    }

    static Stream<Tier> tiers() {
        return KernelProviders.all().stream().filter(provider -> provider.device().equals("cpu"))
                .filter(provider -> provider.unavailable().isEmpty()).flatMap(PackedWeightsTest::tiersOf);
    }

    private static Stream<Tier> tiersOf(KernelProvider provider) {
        return ProvenArithmetics.of(provider)
                .map(arithmetic -> new Tier(provider.name(), arithmetic));
    }

    @BeforeEach
    void copyModel() throws IOException {
        // The tests below cause hundreds of warnings.
        LOGGER.setLevel(Level.OFF);
        folder = copy(Fixtures.FOLDER.resolve("tiny-m3-safetensors"), "model");
    }

    @AfterEach
    void restoreLogging() {
        LOGGER.setLevel(null);
    }

    private Path copy(Path source, String name) throws IOException {
        Path target = Files.createDirectory(temporary.resolve(name));
        try (Stream<Path> files = Files.list(source)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, target.resolve(file.getFileName()));
            }
        }
        return target;
    }

    private static List<Embedding> encode(Path folder, Tier tier) {
        LoadOptions options = LoadOptions.builder().kernels(KernelKind.of(tier.kernels))
                .precision(Precision.valueOf(tier.arithmetic.name())).build();
        try (BgeM3 model = BgeM3.load(folder, options)) {
            return model.encode(TEXTS, ALL);
        }
    }

    /** Packs with the first kernels that support it. */
    private Path pack(Path model) {
        return tiers().map(tier -> pack(model, tier)).flatMap(Optional::stream).findFirst().orElseThrow();
    }

    private static Optional<Path> pack(Path model, Tier tier) {
        try (ModelFolder opened = ModelFolder.open(model); Kernels kernels = tier.open()) {
            return opened.writePacked(kernels, (_, _) -> {});
        }
    }

    private static PackedLayout layout(Path file) {
        String name = file.getFileName().toString();
        return new PackedLayout(name.substring("model.".length(), name.length() - ".packed".length()),
                Arithmetic.FP32.numericsVersion());
    }

    /** Returns whether a model that is opened now uses the packed weights in that file. */
    private static boolean isUsed(Path file) {
        return isUsed(file, layout(file));
    }

    private static boolean isUsed(Path file, PackedLayout layout) {
        try (ModelFolder model = ModelFolder.open(file.getParent())) {
            return model.colbertHead().orElseThrow().weight().packed(layout).isPresent();
        }
    }

    @Test
    void packsARerankersClassifierToo() throws IOException {
        Path reranker = copy(Fixtures.RERANKER, "reranker");
        TextPair pair = new TextPair("What is BM25?", "BM25 ranks documents.");
        for (Tier tier : tiers().toList()) {
            LoadOptions options = LoadOptions.builder().kernels(KernelKind.of(tier.kernels))
                    .precision(Precision.valueOf(tier.arithmetic.name())).build();
            float expected = score(reranker, options, pair);
            Optional<Path> file = pack(reranker, tier);
            if (file.isPresent()) {
                try (ModelFolder model = ModelFolder.open(reranker)) {
                    PackedLayout layout = layout(file.get());
                    assertThat(model.classifierDense().orElseThrow().weight().packed(layout)).isPresent();
                    assertThat(model.classifierOutput().orElseThrow().weight().packed(layout)).isPresent();
                }
                assertThat(score(reranker, options, pair)).as("%s", tier).isEqualTo(expected);
            }
        }
    }

    private static float score(Path folder, LoadOptions options, TextPair pair) {
        try (Reranker model = Reranker.load(folder, options)) {
            return model.computeScore(pair);
        }
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("tiers")
    void givesTheSameBitsFromPackedWeights(Tier tier) {
        List<Embedding> expected = encode(folder, tier);
        Optional<Path> file = pack(folder, tier);
        assertThat(file.isEmpty()).as("only the reference keeps nothing")
                .isEqualTo(tier.kernels.equals("scalar"));
        file.ifPresent(packed -> {
            assertThat(isUsed(packed)).isTrue();
            Embeddings.assertSameBits(tier.toString(), encode(folder, tier), expected);
        });
    }

    @ParameterizedTest
    @MethodSource("tiers")
    void computesWithTheWeightsInTheFile(Tier tier) throws IOException {
        List<Embedding> expected = encode(folder, tier);
        Optional<Path> file = pack(folder, tier);
        if (file.isPresent()) {
            // Writes the same file with the first layer's numbers zeroed and a matching checksum.
            byte[] bytes = Files.readAllBytes(file.get());
            int first = firstLayer(bytes);
            ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            int size = (int) header.getLong(first + 16);
            int offset = (int) header.getLong(first + 8);
            Arrays.fill(bytes, offset, offset + size, (byte) 0);
            header.putInt(first + 24, crc(bytes, offset, size));
            fixHeader(bytes);
            Files.write(file.get(), bytes);
            assertThat(isUsed(file.get())).isTrue();
            assertThat(encode(folder, tier).getFirst().dense().values())
                    .isNotEqualTo(expected.getFirst().dense().values());
        }
    }

    /** Returns the offset of the fields after the name in the first layer's entry. */
    private static int firstLayer(byte[] bytes) {
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int layoutBytes = header.getInt(24);
        int times = 28 + layoutBytes + 4 + 8 + 32;
        int entry = times + 4 + 8 * header.getInt(times) + 4;
        return entry + 4 + header.getInt(entry);
    }

    private static int crc(byte[] bytes, int offset, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, offset, length);
        return (int) crc.getValue();
    }

    private static void fixHeader(byte[] bytes) {
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int end = headerBytes(bytes) - 4;
        header.putInt(end, crc(bytes, 0, end));
    }

    private static int headerBytes(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(12);
    }

    @Test
    void isNotUsedForAnotherModel() throws IOException {
        Path file = pack(folder);
        Path other = ModelVariant.ofTiny().change("encoder.layer.1.attention.self.value.weight", values -> {
            for (int i = 0; i < values.length; i++) {
                values[i] *= 1.001f;
            }
        }).write(temporary.resolve("other"));
        Path misplaced = Files.copy(file, other.resolve(file.getFileName()));
        assertThat(isUsed(misplaced)).isFalse();
    }

    /**
     * Copying tools preserve times, so the edited file may be older than the packed weights of the original.
     */
    @ParameterizedTest
    @ValueSource(ints = {5, -1, -3_600, -100_000_000})
    void isNotUsedAfterOneNumberOfTheModelWasEdited(int secondsLater) throws IOException {
        Path file = pack(folder);
        Path weights = folder.resolve(WEIGHTS);
        FileTime packedFrom = Files.getLastModifiedTime(weights);
        byte[] bytes = Files.readAllBytes(weights);
        long offset;
        try (ModelFolder model = ModelFolder.open(folder)) {
            // An offset between two that the quick check samples.
            byte[] tensor = ((StoredTensor) model.encoderTensors()
                    .get("encoder.layer.1.intermediate.dense.weight")).data().asSlice(1_000, 64)
                    .toArray(ValueLayout.JAVA_BYTE);
            offset = indexOf(bytes, tensor);
        }
        bytes[(int) offset] ^= 1;
        Files.write(weights, bytes);
        Files.setLastModifiedTime(weights,
                FileTime.fromMillis(packedFrom.toMillis() + 1_000L * secondsLater));
        assertThat(isUsed(file)).isFalse();
    }

    private static int indexOf(byte[] bytes, byte[] part) {
        for (int i = 0; i <= bytes.length - part.length; i++) {
            if (Arrays.equals(bytes, i, i + part.length, part, 0, part.length)) {
                return i;
            }
        }
        throw new IllegalStateException("not found");
    }

    @Test
    void isUsedInACopyWhoseFilesHaveNewTimes() throws IOException {
        pack(folder);
        Path copy = copy(folder, "copy");
        Files.setLastModifiedTime(copy.resolve(WEIGHTS),
                FileTime.fromMillis(System.currentTimeMillis() + 5_000));
        Path file;
        try (Stream<Path> files = Files.list(copy)) {
            file = files.filter(path -> path.toString().endsWith(".packed")).findFirst().orElseThrow();
        }
        assertThat(isUsed(file)).isTrue();
    }

    @Test
    void isNotUsedForAnotherNumericsVersion() throws IOException {
        Path file = pack(folder);
        PackedLayout layout = layout(file);
        assertThat(isUsed(file, layout)).isTrue();
        assertThat(isUsed(file, new PackedLayout(layout.name(), layout.numericsVersion() + 1))).isFalse();
    }

    @Test
    void isNotUsedUnderTheNameOfAnotherLayout() throws IOException {
        Path file = pack(folder);
        Path renamed = Files.move(file, PackedFile.path(folder, new PackedLayout("other-layout", 1)));
        assertThat(isUsed(renamed)).isFalse();
    }

    @Test
    void isNotUsedIfItIsTruncatedOrExtended() throws IOException {
        Path file = pack(folder);
        byte[] bytes = Files.readAllBytes(file);
        for (int length : new int[]{0, 1, 23, 24, 100, headerBytes(bytes) - 1, headerBytes(bytes), 4096,
                bytes.length / 2, bytes.length - 1, bytes.length + 1}) {
            Files.write(file, Arrays.copyOf(bytes, length));
            assertThat(isUsed(file)).as("%d bytes", length).isFalse();
        }
    }

    @Test
    void isNotUsedIfABitOfTheHeaderOrOfALayerIsFlipped() throws IOException {
        Path file = pack(folder);
        byte[] bytes = Files.readAllBytes(file);
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int first = firstLayer(bytes);
        int layer = (int) header.getLong(first + 8);
        int size = (int) header.getLong(first + 16);
        List<Integer> places = new ArrayList<>(List.of(layer, layer + size / 2, layer + size - 1));
        for (int i = 0; i < headerBytes(bytes); i += TestSizes.pick(15, 3)) {
            places.add(i);
        }
        long seed = Seeds.seed("changed bits of packed weights");
        Random random = new Random(seed);
        for (int place : places) {
            int bit = random.nextInt(8);
            bytes[place] ^= (byte) (1 << bit);
            Files.write(file, bytes);
            assertThat(isUsed(file)).as("byte %d, bit %d, seed %d", place, bit, seed).isFalse();
            bytes[place] ^= (byte) (1 << bit);
        }
        Files.write(file, bytes);
        assertThat(isUsed(file)).isTrue();
    }

    /**
     * The checksums do not protect against deliberate forgery, which must lead to either use or refusal, not
     * to another exception.
     */
    @Test
    void usesOrRefusesForgedHeaders() throws IOException {
        Path file = pack(folder);
        byte[] good = Files.readAllBytes(file);
        int end = headerBytes(good) - 4;
        long seed = Seeds.seed("forged headers of packed weights");
        Random random = new Random(seed);
        int refused = 0;
        for (int round = 0; round < TestSizes.pick(60, 300); round++) {
            byte[] bytes = good.clone();
            int place = 24 + random.nextInt(end - 24);
            int value = random.nextBoolean() ? random.nextInt() : -1 >>> random.nextInt(32);
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(Math.min(place, end - 4), value);
            fixHeader(bytes);
            Files.write(file, bytes);
            try {
                refused += isUsed(file) ? 0 : 1;
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ", round " + round + ", place " + place, e);
            }
        }
        assertThat(refused).isPositive();
    }

    @Test
    void doesNotAffectAnOpenModelWhenItIsRewritten() {
        Tier tier = tiers().filter(one -> !one.kernels.equals("scalar")).findFirst()
                .orElseGet(() -> tiers().findFirst().orElseThrow());
        pack(folder, tier);
        List<Embedding> expected = encode(folder, tier);
        try (BgeM3 model = BgeM3.load(folder, LoadOptions.builder().kernels(KernelKind.of(tier.kernels))
                .precision(Precision.valueOf(tier.arithmetic.name())).build())) {
            pack(folder, tier);
            Embeddings.assertSameBits("open", model.encode(TEXTS, ALL), expected);
        }
        Embeddings.assertSameBits("again", encode(folder, tier), expected);
    }

    @DefaultKernels
    @Test
    void writesOneFileForAPrecision() throws IOException {
        List<String> before = names(folder);
        Path file = PackedWeights.write(folder, Precision.FP32, WriteListener.NONE);
        assertThat(file.getFileName().toString()).matches("model\\.[a-z0-9]+-panel\\d+-fp32\\.packed");
        assertThat(names(folder)).containsAll(before).contains(file.getFileName().toString())
                .hasSize(before.size() + 1);
    }

    @Test
    void leavesNoFileIfItCannotBeWritten() throws IOException {
        Path file = pack(folder);
        Files.delete(file);
        Files.createDirectories(file.resolve("in the way"));
        List<String> before = names(folder);
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> pack(folder))
                .withMessageStartingWith(file + ": cannot be written: ");
        assertThat(names(folder)).isEqualTo(before);
        assertThat(isUsed(file)).isFalse();
    }

    static Stream<Precision> refusesAPrecisionThatIsNotPacked() {
        return Stream.of(Precision.values()).filter(one -> !PackedWeights.PRECISIONS.contains(one));
    }

    @ParameterizedTest
    @MethodSource
    void refusesAPrecisionThatIsNotPacked(Precision precision) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PackedWeights.write(folder, precision, WriteListener.NONE))
                .withMessage(
                        "precision: " + precision.label() + " (expected: " + Arithmetic.cpuLabels() + ")");
    }

    /**
     * The name of a layout identifies its bytes; these are the checksums of one small layer. If one changes,
     * the name in the kernels must change too, or old files would be mistaken for new ones.
     */
    @ParameterizedTest
    @MethodSource("tiers")
    void aLayoutsNameIdentifiesItsBytes(Tier tier) {
        Map<String, Integer> known = Map.of("jit-panel16-fp32", 736777864, "jit-panel16-int8", 1795699167,
                "jit-panel32-fp32", 466956957, "jit-panel32-bf16", 2092200029, "jit-panel32-int8",
                -1196504708, "vector-panel16-fp32", 736777864, "vector-panel32-fp32",
                466956957);
        float[] values = new float[37 * 21];
        for (int i = 0; i < values.length; i++) {
            values[i] = (i / 21 * 31 + i % 21 * 17) % 101 - 50;
        }
        MatrixSource weight = MatrixSource.of(37, 21, values);
        float[] bias = new float[37];
        bias[36] = 2.5f;
        try (Kernels kernels = tier.open()) {
            Optional<PackedLinear> packed = kernels.linear(weight, bias).packed();
            packed.ifPresent(one -> {
                assumeTrue(known.containsKey(one.layout().name()),
                        () -> "no checksum is known for " + one.layout());
                CRC32C crc = new CRC32C();
                crc.update(one.bytes().asByteBuffer());
                assertThat((int) crc.getValue()).as("%s", one.layout())
                        .isEqualTo(known.get(one.layout().name()));
            });
        }
    }
}
