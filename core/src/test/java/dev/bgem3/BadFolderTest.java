package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.bgem3.error.ModelException;
import dev.bgem3.testsupport.Pipes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the messages for folders that are not a model, lack a file, or have something else in its place. */
class BadFolderTest {
    /** Files that loading does not read, or not if another file takes precedence. */
    private static final Set<String> UNREAD = Set.of("tokenizer_config.json",
            "tiny-m3/sentencepiece.bpe.model");
    private static final Set<String> HEADS = Set.of("sparse_linear.pt", "colbert_linear.pt");

    @TempDir
    private Path temporary;

    @Test
    void namesTheFolderThatDoesNotExist() {
        Path missing = temporary.resolve("missing");
        assertRefused(missing, missing + ": no such folder (expected: a model folder with config.json)");
    }

    @Test
    void namesTheFileThatIsNotAFolder() throws IOException {
        Path file = Files.createFile(temporary.resolve("file"));
        assertRefused(file, file + ": not a folder (expected: a model folder with config.json)");
    }

    @Test
    void namesTheConfigurationThatAnEmptyFolderLacks() {
        assertRefused(temporary,
                temporary.resolve("config.json") + ": no such file (expected: the model's configuration)");
    }

    @Test
    void listsTheWeightFilesIfThereAreNone() throws IOException {
        Files.copy(Fixtures.TINY.resolve("config.json"), temporary.resolve("config.json"));
        assertRefused(temporary, temporary + ": no weights (expected one of: model.safetensors, "
                + "model.safetensors.index.json, pytorch_model.bin)");
    }

    @Test
    void listsTheTokenizerFilesIfThereAreNone() {
        Path folder = ModelVariant.ofTiny().withoutFile("sentencepiece.bpe.model")
                .write(temporary.resolve("model"));
        assertRefused(folder,
                folder + ": no tokenizer (expected: tokenizer.json or sentencepiece.bpe.model)");
    }

    static Stream<Path> filesOfTheFixtures() {
        return Fixtures.TINY_LAYOUTS.stream().flatMap(folder -> {
            try (Stream<Path> files = Files.list(folder)) {
                return files.sorted().toList().stream();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("filesOfTheFixtures")
    void loadsWithoutOptionalFilesAndNamesMissingRequiredOnes(Path file) throws IOException {
        Path folder = copyOf(file.getParent());
        String name = file.getFileName().toString();
        Files.delete(folder.resolve(name));
        boolean otherTokenizer = name.equals("tokenizer.json")
                && Files.exists(folder.resolve("sentencepiece.bpe.model"));
        if (isUnread(file) || HEADS.contains(name) || otherTokenizer) {
            try (BgeM3 model = BgeM3.load(folder)) {
                assertThat(model.encode("text").dense().dimension()).isEqualTo(128);
                assertThat(model.info().outputs()).hasSize(HEADS.contains(name) ? 2 : 3);
                assertThat(model.info().weightFiles()).doesNotContain(name);
            }
        } else {
            boolean named = name.equals("config.json") || name.startsWith("model-");
            assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                    .withMessageContaining(folder.toString())
                    .withMessageContaining(named ? name : "expected");
        }
    }

    @ParameterizedTest
    @MethodSource("filesOfTheFixtures")
    void namesTheFileThatIsEmpty(Path file) throws IOException {
        Path folder = copyOf(file.getParent());
        Path empty = folder.resolve(file.getFileName());
        Files.write(empty, new byte[0]);
        if (isUnread(file)) {
            BgeM3.load(folder).close();
        } else {
            assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                    .withMessageStartingWith(empty.toString());
        }
    }

    @ParameterizedTest
    @MethodSource("filesOfTheFixtures")
    void namesTheFileThatIsADirectory(Path file) throws IOException {
        Path folder = copyOf(file.getParent());
        Path directory = folder.resolve(file.getFileName());
        Files.delete(directory);
        Files.createDirectory(directory);
        if (isUnread(file)) {
            BgeM3.load(folder).close();
        } else {
            assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                    .withMessageStartingWith(directory.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "1_Pooling/config.json", "tokenizer.json", "model.safetensors"})
    void refusesAPipeInsteadOfWaitingForIt(String name) throws Exception {
        Path folder = copyOf(Fixtures.TINY);
        Path pipe = folder.resolve(name);
        Files.deleteIfExists(pipe);
        Files.createDirectories(pipe.getParent());
        Pipes.make(pipe);
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(60),
                () -> assertRefused(folder,
                        pipe + ": found a special file (expected: a regular file)"));
    }

    @Test
    void namesTheFirstLayerBeyondTheConfiguredNumber() {
        Path folder = ModelVariant.ofTiny().config("num_hidden_layers", "1")
                .write(temporary.resolve("model"));
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessageStartingWith(
                        folder.resolve("model.safetensors") + ": tensor \"encoder.layer.1.")
                .withMessageEndingWith("\" (expected: no layer above 0, since config.json has "
                        + "num_hidden_layers: 1)");
    }

    private static boolean isUnread(Path file) {
        String name = file.getFileName().toString();
        return UNREAD.contains(name) || UNREAD.contains(file.getParent().getFileName() + "/" + name);
    }

    private Path copyOf(Path folder) throws IOException {
        Path copy = Files.createDirectory(temporary.resolve("copy"));
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : List.copyOf(files.toList())) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        return copy;
    }

    private static void assertRefused(Path folder, String message) {
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessage(message);
    }
}
