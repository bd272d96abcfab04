package dev.bgem3.app.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bgem3.app.model.ModelFinder;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.net.http.HttpClient;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a download from a hub that behaves leaves behind. */
class HubDownloadTest extends HubFixture {
    @Test
    void fillsTheCacheAsThePythonLibraryWould() throws IOException {
        Path found = download();
        assertThat(found).isEqualTo(snapshot());
        assertWhole(found);
        assertThat(tree(model())).containsExactlyInAnyOrder(
                "blobs/" + FakeHub.digest(hub.files.get("config.json")),
                "blobs/" + FakeHub.digest(hub.files.get("tokenizer.json")),
                "blobs/" + FakeHub.digest(large()),
                "refs/main", "snapshots/" + FakeHub.COMMIT + "/config.json",
                "snapshots/" + FakeHub.COMMIT + "/tokenizer.json",
                "snapshots/" + FakeHub.COMMIT + "/model.safetensors");
        assertThat(Files.readSymbolicLink(found.resolve("model.safetensors")))
                .isEqualTo(Path.of("../../blobs", FakeHub.digest(large())));
        assertThat(FakeHub.digest(large())).hasSize(64);
        assertThat(FakeHub.digest(hub.files.get("config.json"))).hasSize(40);
        assertThat(model().resolve("refs/main")).hasContent(FakeHub.COMMIT);
        assertThat(cache.resolve("CACHEDIR.TAG")).content()
                .startsWith("Signature: 8a477f597d28d172789f06886806bc55\n");
        assertThat(new ModelFinder(Optional.empty(), environment, new PrintStream(System.err))
                .find(Optional.of(FakeHub.NAME))).isEqualTo(found);
        assertThat(bytes.get()).isEqualTo(announced.get()).isEqualTo(305_002);
    }

    @Test
    void fetchesNothingTwice() throws IOException {
        download();
        hub.requests.clear();
        assertThat(download()).isEqualTo(snapshot());
        assertThat(hub.requests).singleElement().matches(FakeHub.Request::isListing);
    }

    @Test
    void fetchesAnewWhatIsDamaged() throws IOException {
        download();
        Files.writeString(blob("tokenizer.json"), "damaged");
        download();
        assertWhole(snapshot());
        assertThat(said).anyMatch(
                line -> line.endsWith("tokenizer.json is not what the hub has; it is fetched anew"));
    }

    @Test
    void mendsLinksWhoseBlobIsGone() throws IOException {
        download();
        Files.delete(blob("tokenizer.json"));
        Files.delete(snapshot().resolve("config.json"));
        hub.requests.clear();
        download();
        assertWhole(snapshot());
        assertThat(hub.asked(FakeHub.resolving("config.json"))).isZero();
    }

    @Test
    void takesABlobThatAnotherRevisionHasAlready() throws IOException {
        download();
        hub.requests.clear();
        hub.commit = "f".repeat(40);
        hub.files.put("config.json", "{\"new\": 1}".getBytes(StandardCharsets.UTF_8));
        Path found = download();
        assertThat(found.getFileName()).hasToString("f".repeat(40));
        assertWhole(found);
        assertThat(hub.requests).hasSize(2);
        assertThat(model().resolve("refs/main")).hasContent("f".repeat(40));
    }

    @Test
    void fetchesALargeFileInPiecesOverSeveralConnections() throws IOException {
        hub.files.put("model.safetensors", FakeHub.random(2_000_000, 3));
        hub.always(FakeHub.bytes(), (request, wire) -> {
            Thread.sleep(20);
            hub.tellTruth(request, wire);
        });
        download();
        assertWhole(snapshot());
        assertThat(hub.asked(request -> !request.header("Range").isEmpty())).isGreaterThan(30);
        assertThat(hub.mostAtOnce.get()).isBetween(3, 8);
        // The hub is asked for the address once, not for each piece.
        assertThat(hub.asked(FakeHub.resolving("model.safetensors"))).isLessThanOrEqualTo(4);
    }

    @Test
    void fetchesOnlyWhatAModelNeedsAndSaysWhatItLeft() throws IOException {
        hub.files.put("onnx/model.onnx", FakeHub.random(2_000, 4));
        hub.files.put("onnx/model.onnx_data", FakeHub.random(9_000, 5));
        hub.files.put("imgs/a picture.jpg", FakeHub.random(500, 6));
        hub.files.put("README.md", FakeHub.random(50, 7));
        hub.files.put("pytorch_model.bin", FakeHub.random(5_000, 8));
        hub.files.put("1_Pooling/config.json", "{ }".getBytes(StandardCharsets.UTF_8));
        hub.files.put("colbert_linear.pt", FakeHub.random(700, 9));
        download();
        assertThat(tree(snapshot())).containsExactly("1_Pooling/config.json", "colbert_linear.pt",
                "config.json",
                "model.safetensors", "tokenizer.json");
        assertThat(Files.readSymbolicLink(snapshot().resolve("1_Pooling/config.json"))).asString()
                .startsWith("../../../blobs/");
        assertThat(said).contains("left out, as no model needs it here: README.md (50 bytes),"
                + " imgs/ (1 file, 500 bytes), onnx/ (2 files, 11.0 kB), pytorch_model.bin (5.0 kB)");
    }

    @Test
    void takesShardsWithTheirIndexElseTorchWeights() throws IOException {
        hub.files.remove("model.safetensors");
        hub.files.put("model.safetensors.index.json",
                "{\"weight_map\": {}}".getBytes(StandardCharsets.UTF_8));
        hub.files.put("model-00001-of-00001.safetensors", FakeHub.random(2_000, 4));
        hub.files.put("pytorch_model.bin", FakeHub.random(5_000, 8));
        download();
        assertThat(tree(snapshot())).containsExactly("config.json", "model-00001-of-00001.safetensors",
                "model.safetensors.index.json", "tokenizer.json");
        hub.files.remove("model.safetensors.index.json");
        assertThat(download().resolve("pytorch_model.bin")).isRegularFile();
    }

    @Test
    void refusesARepositoryThatIsNoModelBeforeFetching() {
        hub.files.remove("tokenizer.json");
        assertThatThrownBy(this::download).isInstanceOf(HubException.class)
                .hasMessageContaining("no tokenizer in it that can be read");
        hub.files.remove("model.safetensors");
        hub.files.put("pytorch_model-00001-of-00002.bin", new byte[1]);
        assertThatThrownBy(this::download).hasMessageContaining("no weights in it that can be read");
        hub.files.remove("config.json");
        hub.files.put("pytorch_model.bin", new byte[1]);
        assertThatThrownBy(this::download).hasMessageContaining("no config.json in it");
        assertThat(hub.requests).allMatch(FakeHub.Request::isListing);
        assertThat(cache).doesNotExist();
    }

    @Test
    void asksForHeadsWhereTheListingLacksDigests() throws IOException {
        hub.withBlobs = false;
        download();
        assertWhole(snapshot());
        assertThat(hub.asked(request -> request.method().equals("HEAD"))).isEqualTo(3);
        assertThat(hub.asked(request -> request.method().equals("HEAD") && !request.atHub())).isZero();
    }

    @Test
    void placesFilesThemselvesWhereLinksAreNotWanted() throws IOException {
        environment.put("HF_HUB_DISABLE_SYMLINKS", "1");
        download();
        assertWhole(snapshot());
        assertThat(snapshot().resolve("model.safetensors")).isRegularFile()
                .matches(path -> !Files.isSymbolicLink(path));
        hub.requests.clear();
        download();
        assertThat(hub.requests).hasSize(1);
    }

    @Test
    void anEmptyFileIsAFileAndOneContentIsFetchedOnce() throws IOException {
        hub.files.put("special_tokens_map.json", new byte[0]);
        hub.files.put("added_tokens.json", new byte[0]);
        hub.files.put("sparse_linear.pt", FakeHub.random(3_000, 9));
        hub.files.put("colbert_linear.pt", FakeHub.random(3_000, 9));
        download();
        assertThat(snapshot().resolve("special_tokens_map.json")).isEmptyFile();
        assertThat(snapshot().resolve("added_tokens.json")).isEmptyFile();
        assertThat(snapshot().resolve("colbert_linear.pt")).hasBinaryContent(FakeHub.random(3_000, 9));
        assertThat(hub.asked(request -> request.path().endsWith("_linear.pt") && !request.atHub())).isOne();
    }

    @Test
    void aRevisionIsNotedUnderItsNameAndACommitUnderNone() throws IOException {
        download(request("refs/pr/1"), QUICK);
        assertThat(model().resolve("refs/refs/pr/1")).hasContent(FakeHub.COMMIT);
        assertThat(model().resolve("refs/main")).doesNotExist();
        assertThat(hub.requests.getFirst().target())
                .isEqualTo("/api/models/some/model/revision/refs%2Fpr%2F1?blobs=true");
        Files.delete(model().resolve("refs/refs/pr/1"));
        download(request(FakeHub.COMMIT), QUICK);
        assertThat(model().resolve("refs/main")).doesNotExist();
        assertThatThrownBy(() -> download(request("a".repeat(40)), QUICK))
                .hasMessageContaining(
                        "answers with commit " + FakeHub.COMMIT + " (expected: " + "a".repeat(40));
    }

    @Test
    void plainFilesGoIntoAFolder() throws IOException {
        Path target = folder.resolve("models/m");
        assertThat(download(into(target, false), QUICK)).isEqualTo(target);
        assertWhole(target);
        assertThat(tree(target)).filteredOn(file -> !file.startsWith(".cache")).containsExactly("config.json",
                "model.safetensors", "tokenizer.json");
        assertThat(target.resolve(".cache/huggingface/download/tokenizer.json.metadata")).content()
                .startsWith(FakeHub.COMMIT + "\n" + FakeHub.digest(hub.files.get("tokenizer.json")) + "\n");
        assertThat(tree(target)).noneMatch(file -> file.endsWith(".incomplete") || file.endsWith(".ranges"));
        hub.requests.clear();
        download(into(target, false), QUICK);
        assertThat(hub.requests).hasSize(1);
        assertThat(download(into(target, true), QUICK)).isEqualTo(target);
        Files.writeString(target.resolve("tokenizer.json"), "other");
        assertThatThrownBy(() -> download(into(target, true), QUICK))
                .hasMessageContaining("tokenizer.json has another digest");
        download(into(target, false), QUICK);
        assertWhole(target);
        assertThat(cache).doesNotExist();
    }

    @Test
    void twoCallsAtATimeFetchOnce() throws Exception {
        hub.always(FakeHub.bytes(), (request, wire) -> {
            for (int i = 0; i < 1000 && said.stream().noneMatch(this::isWaiting); i++) {
                Thread.sleep(10);
            }
            hub.tellTruth(request, wire);
        });
        CompletableFuture<Path> first = CompletableFuture.supplyAsync(this::download);
        CompletableFuture<Path> second = CompletableFuture.supplyAsync(this::download);
        assertThat(first.get()).isEqualTo(second.get()).isEqualTo(snapshot());
        assertWhole(snapshot());
        assertThat(hub.asked(FakeHub.resolving("config.json"))).isOne();
        assertThat(said).anyMatch(this::isWaiting);
    }

    /** Two that note at a time would write and move one file. */
    @Test
    void notesTheRevisionWhileNoOtherDownloadOfTheModelRuns() throws Exception {
        download();
        Path note = model().resolve("refs/main");
        Files.delete(note);
        Path lockFile = new CacheStore(cache, HubName.of(FakeHub.NAME), FakeHub.COMMIT, true).lockFile();
        CompletableFuture<Path> waiting;
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.WRITE);
                FileLock _ = channel.lock()) {
            waiting = CompletableFuture.supplyAsync(this::download);
            for (int i = 0; i < 1000 && !waiting.isDone() && said.stream().noneMatch(this::isWaiting); i++) {
                Thread.sleep(10);
            }
            assertThat(said).anyMatch(this::isWaiting);
            assertThat(note).doesNotExist();
        }
        assertThat(waiting.get(20, TimeUnit.SECONDS)).isEqualTo(snapshot());
        assertThat(note).hasContent(FakeHub.COMMIT);
    }

    private boolean isWaiting(String message) {
        return message.equals("another process downloads this model; waiting for it");
    }

    @ParameterizedTest
    @ValueSource(strings = {"say", "onStart", "onBytes", "onEnd"})
    void leavesNoFileOpenNorLockedWhereTheListenerThrows(String method) throws IOException {
        AtomicInteger thrown = new AtomicInteger();
        DownloadListener throwing = (DownloadListener) Proxy.newProxyInstance(
                DownloadListener.class.getClassLoader(), new Class<?>[]{DownloadListener.class},
                (_, called, _) -> {
                    if (called.getName().equals(method)) {
                        thrown.incrementAndGet();
                        throw new IllegalStateException("a listener, on purpose");
                    }
                    return null;
                });
        assertThatThrownBy(() -> new HubDownload(new HubEnvironment(environment), request(null), QUICK,
                HttpClient.Builder::build, throwing).run()).hasMessageContaining("a listener, on purpose");
        assertThat(thrown).as("calls of the listener").hasPositiveValue();
        assertThat(openBelow(cache)).isEmpty();
        assertThat(download()).isEqualTo(snapshot());
        assertWhole(snapshot());
        assertThat(said).noneMatch(this::isWaiting);
    }

    /** What this process has open there, where the system lists it. */
    private static List<String> openBelow(Path folder) throws IOException {
        Path descriptors = Path.of("/proc/self/fd");
        if (!Files.isDirectory(descriptors)) {
            return List.of();
        }
        List<String> open = new ArrayList<>();
        try (DirectoryStream<Path> links = Files.newDirectoryStream(descriptors)) {
            for (Path link : links) {
                try {
                    open.add(Files.readSymbolicLink(link).toString());
                } catch (NoSuchFileException _) {
                    continue; // Closed meanwhile, as that of this listing is.
                }
            }
        }
        return open.stream().filter(file -> file.startsWith(folder.toString())).toList();
    }

    @Test
    void goesOnFromWhatTheLastCallLeft() throws IOException {
        hub.files.put("model.safetensors", FakeHub.random(600_000, 3));
        hub.on(FakeHub.bytes(), 4, hub::tellTruth);
        hub.always(FakeHub.bytes(), (request, wire) -> wire.head(404).body(new byte[0]));
        assertThatThrownBy(this::download).isInstanceOf(HubException.class)
                .hasMessageContaining("what came so far is kept, and the same call goes on from there");
        assertThat(snapshot()).doesNotExist();
        assertThat(blob("model.safetensors")).doesNotExist();
        long before = bytes.get();
        assertThat(before).isPositive();
        hub.obey();
        bytes.set(0);
        download();
        assertWhole(snapshot());
        assertThat(bytes.get()).isEqualTo(announced.get()).isEqualTo(605_002 - before);
        assertThat(tree(model().resolve("blobs"))).hasSize(3);
    }

    @Test
    void goesOnFromWhatThePythonLibraryLeft() throws IOException {
        Files.createDirectories(model().resolve("blobs"));
        Path dead = model().resolve("blobs/" + FakeHub.digest(large()) + ".incomplete");
        Files.write(dead, Arrays.copyOf(large(), 250_000));
        Files.setLastModifiedTime(dead, FileTime.from(Instant.now().minusSeconds(120)));
        Path alive = model()
                .resolve("blobs/" + FakeHub.digest(hub.files.get("tokenizer.json")) + ".incomplete");
        Files.write(alive, Arrays.copyOf(hub.files.get("tokenizer.json"), 1_000));
        download();
        assertWhole(snapshot());
        assertThat(bytes.get()).isEqualTo(announced.get()).isEqualTo(305_002 - 250_000 - 1_000);
        assertThat(dead).doesNotExist();
        assertThat(alive).exists();
    }

    @Test
    void beginsAnewWhereWhatWasLeftProvesWrong() throws IOException {
        Files.createDirectories(model().resolve("blobs"));
        Files.write(blob("model.safetensors").resolveSibling(FakeHub.digest(large()) + ".incomplete"),
                new byte[400_000]);
        download();
        assertWhole(snapshot());
        assertThat(said).anyMatch(line -> line.contains("once more from the start"));
    }

    @Test
    void aKnownModelIsAskedForByItsCommitAndAnotherContentRefused() {
        hub.commit = KnownModels.find(HubName.BGE_M3).orElseThrow().commit();
        HubDownload.Request request = new HubDownload.Request(HubName.BGE_M3, Optional.empty(),
                Optional.empty(),
                Optional.empty(), 4, false, Optional.empty());
        assertThatThrownBy(() -> download(request, QUICK)).isInstanceOf(HubException.class)
                .hasMessageContaining("tokenizer.json is not that of commit " + hub.commit + ": 5000 bytes, ")
                .hasMessageEndingWith("(expected: 17098108 bytes,"
                        + " 21106b6d7dab2952c1d496fb21d5dc9db75c28ed361a05f5020bbba27810dd08)");
        assertThat(hub.requests).singleElement().matches(
                asked -> asked.target()
                        .equals("/api/models/BAAI/bge-m3/revision/" + hub.commit + "?blobs=true"));
    }

    @Test
    void theCachesMainIsNotTakenBackToAKnownRevision() throws IOException {
        download();
        String older = "a".repeat(40);
        CacheStore store = new CacheStore(cache, HubName.of(FakeHub.NAME), older, true);
        store.noteRevision("main", true);
        assertThat(model().resolve("refs/main")).hasContent(FakeHub.COMMIT);
        store.noteRevision("main", false);
        assertThat(model().resolve("refs/main")).hasContent(older);
        // What leads to nothing is nobody's state.
        CacheStore again = new CacheStore(cache, HubName.of(FakeHub.NAME), FakeHub.COMMIT, true);
        again.noteRevision("main", true);
        assertThat(model().resolve("refs/main")).hasContent(FakeHub.COMMIT);
    }
}
