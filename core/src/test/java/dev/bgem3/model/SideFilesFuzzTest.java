package dev.bgem3.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.Fixtures;
import dev.bgem3.error.ModelException;
import dev.bgem3.testsupport.Mutator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checks that a damaged configuration file is either read or refused with an error that names it. */
class SideFilesFuzzTest {
    private static final int INPUTS = 3_000;

    @TempDir
    private Path folder;

    private void copy(Path source) {
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = folder.resolve(source.relativize(file).toString());
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void fuzz(Path file, Runnable reading) throws IOException {
        Mutator.fuzz(file.getFileName().toString(), INPUTS, List.of(Files.readAllBytes(file)), bytes -> {
            try {
                Files.write(file, bytes);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            try {
                reading.run();
            } catch (ModelException e) {
                assertThat(e.getMessage()).startsWith(folder.toString());
            }
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"modules.json", "1_Pooling/config.json", "sentence_bert_config.json",
            "config_sentence_transformers.json"})
    void sentenceTransformersFilesAreReadOrRefused(String name) throws IOException {
        copy(Fixtures.E5);
        fuzz(folder.resolve(name), () -> {
            SentenceTransformersFiles files = SentenceTransformersFiles.read(FolderLayout.of(folder));
            files.defaultPromptName()
                    .ifPresent(prompt -> assertThat(files.prompts()).containsKey(prompt));
            files.maxLength().ifPresent(length -> assertThat(length).isGreaterThan(1));
        });
    }

    @Test
    void anAdaptersConfigurationIsReadOrRefused() throws IOException {
        copy(Fixtures.TINY_LAYOUTS.get(1));
        copy(Fixtures.FOLDER.resolve("tiny-lora/patterns"));
        fuzz(folder.resolve("adapter_config.json"), () -> {
            try (ModelFolder model = ModelFolder.open(folder)) {
                assertThat(model.adapter()).isPresent();
            }
        });
    }

    @Test
    void aDenseModulesConfigurationIsReadOrRefused() throws IOException {
        copy(Fixtures.TINY_LAYOUTS.get(1));
        copy(Fixtures.FOLDER.resolve("tiny-dense"));
        Files.createDirectory(folder.resolve("1_Pooling"));
        Files.writeString(folder.resolve("1_Pooling/config.json"), "{\"pooling_mode\": \"cls\"}");
        Files.writeString(folder.resolve("modules.json"), "[{\"path\": \"1_Pooling\", \"type\": \"Pooling\"},"
                + " {\"path\": \"2_Dense\", \"type\": \"sentence_transformers.models.Dense\"}]");
        fuzz(folder.resolve("2_Dense/config.json"), () -> {
            try (ModelFolder model = ModelFolder.open(folder)) {
                assertThat(model.denseDimension()).isEqualTo(48);
            }
        });
    }

    @Test
    void aRerankersConfigurationIsReadOrRefused() throws IOException {
        copy(Fixtures.RERANKER);
        fuzz(folder.resolve("config.json"), () -> {
            try (ModelFolder model = ModelFolder.open(folder)) {
                model.classifier().ifPresent(classifier -> assertThat(classifier.label()).isNotNull());
            }
        });
    }
}
