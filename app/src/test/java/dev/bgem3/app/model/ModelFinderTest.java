package dev.bgem3.app.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bgem3.error.ModelException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFinderTest {
    @TempDir
    private Path folder;
    private Path home;
    private Path cache;
    private final Map<String, String> environment = new HashMap<>();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeEach
    void makeFolders() throws IOException {
        home = Files.createDirectories(folder.resolve("home"));
        Files.createDirectories(home.resolve("models/bge-m3-mini"));
        cache = folder.resolve("hub");
        environment.put("HF_HUB_CACHE", cache.toString());
    }

    private Path find(String... name) {
        return new ModelFinder(Optional.of(home), environment, new PrintStream(err, true))
                .find(name.length == 0 ? Optional.empty() : Optional.of(name[0]));
    }

    private Path snapshot(String repository, String revision, boolean whole) throws IOException {
        Path snapshot = Files
                .createDirectories(cache.resolve(repository).resolve("snapshots").resolve(revision));
        Files.writeString(snapshot.resolve("config.json"), "{}");
        if (whole) {
            Files.writeString(snapshot.resolve("pytorch_model.bin"), "");
        }
        return snapshot;
    }

    @Test
    void findsAFolderByItsPath() {
        assertThat(find(folder.toString())).isEqualTo(folder);
        assertThat(err.size()).isZero();
    }

    @Test
    void findsANameInTheProjectsModels() {
        assertThat(find("bge-m3-mini")).isEqualTo(home.resolve("models/bge-m3-mini"));
        assertThat(err.size()).isZero();
    }

    @Test
    void findsAHubNameInTheCache() throws IOException {
        Path snapshot = snapshot("models--some--model.v2", "abc", true);
        assertThat(find("some/model.v2")).isEqualTo(snapshot);
    }

    @Test
    void prefersTheRevisionOfMainToANewerOne() throws IOException {
        Path main = snapshot("models--BAAI--bge-m3", "1111", true);
        snapshot("models--BAAI--bge-m3", "2222", true);
        Path refs = Files.createDirectories(cache.resolve("models--BAAI--bge-m3/refs"));
        Files.writeString(refs.resolve("main"), "1111\n");
        assertThat(find("BAAI/bge-m3")).isEqualTo(main);
        assertThat(find()).isEqualTo(main);
    }

    @Test
    void namesTheRevisionOfMainThatIsIncomplete() throws IOException {
        snapshot("models--BAAI--bge-m3", "1111", true);
        Path main = snapshot("models--BAAI--bge-m3", "2222", false);
        Path refs = Files.createDirectories(cache.resolve("models--BAAI--bge-m3/refs"));
        Files.writeString(refs.resolve("main"), "2222");
        assertThatThrownBy(() -> find("BAAI/bge-m3")).isInstanceOf(ModelException.class)
                .hasMessageStartingWith(main + ": without ").hasMessageContaining("refs/main");
        assertThat(find()).isEqualTo(home.resolve("models/bge-m3-mini"));
        assertThat(err.toString()).hasLineCount(2).contains(main + ": without ", "demonstration model");
    }

    @Test
    void otherwiseUsesTheNewestCompleteRevision() throws IOException {
        Path older = snapshot("models--BAAI--bge-m3", "1111", true);
        Path newer = snapshot("models--BAAI--bge-m3", "0000", true);
        Path part = snapshot("models--BAAI--bge-m3", "2222", false);
        Files.setLastModifiedTime(older, FileTime.fromMillis(1_000_000));
        Files.setLastModifiedTime(newer, FileTime.fromMillis(2_000_000));
        Files.setLastModifiedTime(part, FileTime.fromMillis(3_000_000));
        assertThat(find()).isEqualTo(newer);
    }

    @Test
    void usesTheCacheNamedByTheEnvironment() throws IOException {
        Path snapshot = snapshot("models--BAAI--bge-m3", "1", true);
        environment.remove("HF_HUB_CACHE");
        environment.put("HF_HOME", folder.toString());
        assertThat(find()).isEqualTo(snapshot);
        environment.remove("HF_HOME");
        environment.put("XDG_CACHE_HOME", folder.resolve("xdg").toString());
        Path xdgCache = Files.createDirectories(folder.resolve("xdg/huggingface")).resolve("hub");
        Files.move(cache, xdgCache);
        assertThat(find()).isEqualTo(xdgCache.resolve(cache.relativize(snapshot)));
        Files.move(xdgCache, cache);
        environment.remove("XDG_CACHE_HOME");
        environment.put("HOME", folder.toString());
        Files.createDirectories(folder.resolve(".cache/huggingface"));
        Files.move(cache, folder.resolve(".cache/huggingface/hub"));
        assertThat(find())
                .isEqualTo(folder.resolve(".cache/huggingface/hub").resolve(cache.relativize(snapshot)));
    }

    @Test
    void variableTakesPrecedenceOverDefaults() throws IOException {
        snapshot("models--BAAI--bge-m3", "1", true);
        environment.put("BGEM3_MODEL", "bge-m3-mini");
        assertThat(find()).isEqualTo(home.resolve("models/bge-m3-mini"));
        assertThat(err.size()).isZero();
        environment.put("BGEM3_MODEL", "no-such");
        assertThatThrownBy(this::find).isInstanceOf(ModelException.class)
                .hasMessageStartingWith("model no-such (from BGEM3_MODEL): not found; looked for ");
    }

    @Test
    void projectsFolderTakesPrecedenceOverTheCache() throws IOException {
        snapshot("models--BAAI--bge-m3", "1", true);
        Path own = Files.createDirectory(home.resolve("models/bge-m3"));
        assertThat(find()).isEqualTo(own);
    }

    @Test
    void fallsBackToTheDemonstrationModelAndSaysSoInOneLine() throws IOException {
        snapshot("models--BAAI--bge-m3", "1", false);
        assertThat(find()).isEqualTo(home.resolve("models/bge-m3-mini"));
        assertThat(err.toString()).hasLineCount(1).contains("demonstration model bge-m3-mini",
                "models/README.md");
    }

    @Test
    void listsThePlacesSearched() throws IOException {
        assertThatThrownBy(() -> find("owner/name")).isInstanceOf(ModelException.class)
                .hasMessage("model owner/name: not found; looked for the folder "
                        + Path.of("owner/name").toAbsolutePath()
                        + "; for the folder " + home.resolve("models/owner/name")
                        + "; for the Hugging Face cache at " + cache
                        + "; bgem3 download owner/name fetches it from the hub");
        snapshot("models--owner--name", "1", false);
        assertThatThrownBy(() -> find("owner/name")).hasMessageContaining("holds no whole revision");
        Files.delete(home.resolve("models/bge-m3-mini"));
        assertThatThrownBy(this::find).isInstanceOf(ModelException.class)
                .hasMessageContaining("no model found")
                .hasMessageContaining(home.resolve("models/bge-m3").toString())
                .hasMessageContaining(cache.toString());
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> find(file.toString()))
                .hasMessageEndingWith("is a file (expected: a model folder)");
    }
}
