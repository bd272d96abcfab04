package dev.bgem3.app.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheStoreTest {
    @TempDir
    private Path folder;

    /** A zip archive supports no links of any kind, like some file systems of memory cards and networks. */
    @Test
    void movesFilesIntoPlaceWhereLinksAreUnsupported() throws IOException {
        try (FileSystem zip = FileSystems.newFileSystem(folder.resolve("a.zip"), Map.of("create", "true"))) {
            byte[] content = "content".getBytes(StandardCharsets.UTF_8);
            Digest digest = new Digest(FakeHub.digest(content));
            List<RepoFile> files = List.of(new RepoFile("config.json", content.length, digest),
                    new RepoFile("1_Pooling/config.json", content.length, digest));
            CacheStore store = new CacheStore(zip.getPath("/hub"), HubName.of(FakeHub.NAME), FakeHub.COMMIT,
                    true);
            store.prepare();
            Files.write(store.part(files.getFirst()), content);
            store.keep(files.getFirst());
            store.complete(files);
            for (RepoFile file : files) {
                assertThat(Files.readAllBytes(store.place(file))).isEqualTo(content);
                assertThat(new CacheStore(zip.getPath("/hub"), HubName.of(FakeHub.NAME), FakeHub.COMMIT, true)
                        .has(file)).isTrue();
            }
            assertThat(HubFixture.tree(zip.getPath("/hub/models--some--model"))).containsExactly(
                    "snapshots/" + FakeHub.COMMIT + "/1_Pooling/config.json",
                    "snapshots/" + FakeHub.COMMIT + "/config.json");
        }
    }

    @Test
    void replacesALinkToAnotherBlob() throws IOException {
        byte[] content = "content".getBytes(StandardCharsets.UTF_8);
        RepoFile file = new RepoFile("config.json", content.length, new Digest(FakeHub.digest(content)));
        CacheStore store = new CacheStore(folder, HubName.of(FakeHub.NAME), FakeHub.COMMIT, true);
        store.prepare();
        Files.write(store.part(file), content);
        store.keep(file);
        Path place = store.place(file);
        Files.createDirectories(place.getParent());
        Files.createSymbolicLink(place, Path.of("../../blobs/none"));
        assertThat(store.has(file)).isTrue();
        assertThat(store.isInPlace(file)).isFalse();
        store.complete(List.of(file));
        assertThat(place).hasBinaryContent(content);
    }
}
