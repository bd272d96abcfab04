package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.bgem3.error.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HuggingFaceCacheTest {
    private static final String NAME = "some/model-x";

    @TempDir
    private Path temporary;

    private HuggingFaceCache cache() {
        return HuggingFaceCache.of(Map.of("HF_HUB_CACHE", temporary.toString()));
    }

    private Path revision(String name) throws IOException {
        Path folder = temporary.resolve("models--some--model-x/snapshots").resolve(name);
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("config.json"), "{}");
        Files.writeString(folder.resolve("model.safetensors"), "");
        return folder;
    }

    @Test
    void findsTheRevisionThatMainNames() throws IOException {
        assertThat(cache().find(NAME)).isEmpty();
        Path first = revision("1");
        Path second = revision("2");
        Path refs = Files.createDirectories(temporary.resolve("models--some--model-x/refs"));
        for (Path revision : new Path[]{first, second, first}) {
            Files.writeString(refs.resolve("main"), revision.getFileName() + "\n");
            assertThat(cache().find(NAME)).contains(revision);
        }
    }

    @Test
    void skipsIncompleteRevisions() throws IOException {
        Path complete = revision("1");
        Files.delete(revision("2").resolve("model.safetensors"));
        Files.delete(revision("3").resolve("config.json"));
        assertThat(cache().find(NAME)).contains(complete);
    }

    @Test
    void namesWhatTheRevisionOfMainLacks() throws IOException {
        revision("1");
        Path main = revision("2");
        Files.writeString(Files.createDirectories(temporary.resolve("models--some--model-x/refs"))
                .resolve("main"), "2");
        for (String lost : new String[]{"model.safetensors", "config.json"}) {
            Files.delete(main.resolve(lost));
            assertThatExceptionOfType(ModelException.class).isThrownBy(() -> cache().find(NAME))
                    .withMessage(main + ": without " + (lost.startsWith("model") ? "weights" : lost)
                            + " (expected: a whole model, since refs/main names this revision; bgem3 "
                            + "download " + NAME + " completes it)");
        }
        // A revision that is not there at all was removed on purpose.
        Files.delete(main);
        assertThat(cache().find(NAME)).contains(main.resolveSibling("1"));
    }

    @Test
    void locatesTheCacheByEnvironmentVariables() {
        assertThat(HuggingFaceCache.of(Map.of("HOME", "/h")).folder())
                .isEqualTo(Path.of("/h/.cache/huggingface/hub"));
        assertThat(HuggingFaceCache.of(Map.of("HOME", "/h", "XDG_CACHE_HOME", "/x")).folder())
                .isEqualTo(Path.of("/x/huggingface/hub"));
        assertThat(HuggingFaceCache.of(Map.of("HOME", "/h", "HF_HOME", "~/mine")).folder())
                .isEqualTo(Path.of("/h/mine/hub"));
        assertThat(HuggingFaceCache.of(Map.of("HF_HOME", "/m", "HF_HUB_CACHE", "/c")).folder("a/b"))
                .isEqualTo(Path.of("/c/models--a--b"));
    }

    @Test
    void prefersAFolderToANameAndSaysWhereItLooked() {
        assertThat(cache().folderOf(temporary.toString())).isEqualTo(temporary);
        assertThat(cache().folderOf("no-such-folder")).isEqualTo(Path.of("no-such-folder"));
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> cache().folderOf(NAME))
                .withMessageContaining("model some/model-x: not found; looked for the folder ")
                .withMessageContaining(temporary.resolve("models--some--model-x").toString());
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load("no-such-folder"))
                .withMessageStartingWith("no-such-folder: ");
    }

    @Test
    void loadsAModelByThePathOfItsFolder() {
        try (BgeM3 model = BgeM3.load(Fixtures.TINY.toString())) {
            assertThat(model.info().folder()).isEqualTo(Fixtures.TINY);
        }
    }
}
