package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bgem3.convert.ModelConverter;
import dev.bgem3.convert.WeightType;
import dev.bgem3.error.BackendException;
import dev.bgem3.error.ModelException;
import dev.bgem3.testsupport.TestSizes;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that no file stays mapped or open after loading failed or the model is closed. */
class MappedFilesTest {
    private static final Path MAPS = Path.of("/proc/self/maps");
    private static final Path OPEN_FILES = Path.of("/proc/self/fd");
    private static final int LOADS = TestSizes.pick(40, 200);

    @TempDir
    private Path temporary;

    @BeforeEach
    void needLinux() {
        assumeTrue(Files.exists(MAPS), "no " + MAPS + " here: mapped files cannot be listed");
    }

    @Test
    void unmapsFoldersThatCannotBeLoaded() throws IOException {
        Path layerMissing = ModelVariant.ofTiny().without(List.of("encoder.layer.2.output.dense.weight"))
                .write(temporary.resolve("layer"));
        Path badHead = ModelVariant.ofTiny().reshape("sparse_linear.bias", 2)
                .write(temporary.resolve("head"));
        Path noTokenizer = ModelVariant.ofTiny().withoutFile("sentencepiece.bpe.model")
                .write(temporary.resolve("tokenizer"));
        Path badPooling = ModelVariant.ofTiny().file("1_Pooling/config.json", "{}")
                .write(temporary.resolve("pooling"));
        Path brokenHeadFile = ModelVariant.ofTiny().file("colbert_linear.pt", "no zip")
                .write(temporary.resolve("head-file"));
        Path brokenShard = temporary.resolve("shard");
        copy(Fixtures.TINY_LAYOUTS.get(2), brokenShard);
        Files.writeString(brokenShard.resolve("model-00002-of-00002.safetensors"), "no safetensors");
        List<Path> folders = List.of(temporary.resolve("missing"), layerMissing, badHead, noTokenizer,
                badPooling, brokenHeadFile, brokenShard);
        for (int i = 0; i < LOADS; i++) {
            Path folder = folders.get(i % folders.size());
            assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder));
        }
        assertThat(mapped(temporary)).isEmpty();
        assertThat(open(temporary)).isEmpty();
    }

    @Test
    void unmapsAModelWhenItIsClosed() throws IOException {
        Path folder = ModelVariant.ofTiny().write(temporary.resolve("model"));
        BgeM3 model = BgeM3.load(folder);
        assertThat(mapped(folder)).isNotEmpty();
        model.close();
        assertThat(mapped(folder)).isEmpty();
        assertThat(open(folder)).isEmpty();
        ModelConverter.convert(folder, temporary.resolve("converted"), WeightType.FP16);
        assertThat(mapped(temporary)).isEmpty();
    }

    @Test
    void reportsUnknownKernelsFirstAndLeavesNoReadingThread() throws IOException {
        Path folder = ModelVariant.ofTiny().withoutFile("sentencepiece.bpe.model")
                .write(temporary.resolve("model"));
        LoadOptions none = LoadOptions.builder().kernels(KernelKind.of("none")).build();
        for (int i = 0; i < 20; i++) {
            assertThatExceptionOfType(BackendException.class).isThrownBy(() -> BgeM3.load(folder, none))
                    .withMessageStartingWith("kernels: none");
            assertThatExceptionOfType(BackendException.class)
                    .isThrownBy(() -> BgeM3.load(Fixtures.MINI, none));
            assertThat(open(Fixtures.MINI)).isEmpty();
        }
    }

    @Test
    void endsTheThreadsOfClosedModels() throws InterruptedException {
        for (int i = 0; i < TestSizes.pick(4, 20); i++) {
            try (BgeM3 model = BgeM3.load(Fixtures.TINY,
                    LoadOptions.builder().kernels(KernelKind.VECTOR).threads(11).build())) {
                model.encode("text");
            }
        }
        long deadline = System.nanoTime() + 30_000_000_000L;
        // Only these models have a tenth worker.
        while (liveThreads("bgem3-kernel-10") > 0 && System.nanoTime() < deadline) {
            Thread.sleep(5);
        }
        assertThat(liveThreads("bgem3-kernel-10")).isZero();
    }

    @Test
    void reportsAFileThatWasTruncatedWhileInUse() throws IOException {
        Path folder = temporary.resolve("shorter");
        copy(Fixtures.TINY_LAYOUTS.get(1), folder);
        try (BgeM3 model = BgeM3.load(folder)) {
            assertThat(model.encode("hello").dense().dimension()).isPositive();
            try (FileChannel file = FileChannel.open(folder.resolve("model.safetensors"),
                    StandardOpenOption.WRITE)) {
                file.truncate(100);
            }
            assertThatExceptionOfType(ModelException.class).isThrownBy(() -> model.encode("hello"))
                    .withMessageStartingWith(folder + ": a file of the model became shorter");
        }
    }

    private static long liveThreads(String name) {
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().equals(name))
                .count();
    }

    private static List<String> mapped(Path folder) throws IOException {
        return Files.readAllLines(MAPS).stream().filter(line -> line.contains(folder.toString())).toList();
    }

    private static List<Path> open(Path folder) throws IOException {
        try (Stream<Path> descriptors = Files.list(OPEN_FILES)) {
            return descriptors.filter(Files::exists).map(MappedFilesTest::target)
                    .filter(path -> path.startsWith(folder)).toList();
        }
    }

    /** Returns the file of a descriptor, or the descriptor itself if it has been closed meanwhile. */
    private static Path target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor);
        } catch (IOException e) {
            return descriptor;
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectory(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }
}
