package dev.bgem3.app.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** The shared set-up of the download tests: a hub, a cache and the messages of a download. */
abstract class HubFixture {
    static final int PIECE_BYTES = 64 << 10;
    /** Short pauses, but timeouts that a busy machine does not exceed. */
    static final HubLimits QUICK = limits(Duration.ofSeconds(10), Duration.ofSeconds(5), 3);
    /** Short timeouts, for tests of stalled connections, and retries for when a busy machine exceeds them. */
    static final HubLimits IMPATIENT = limits(Duration.ofMillis(800), Duration.ofMillis(300), 20);

    static HubLimits limits(Duration answerTimeout, Duration stallTimeout, int retries) {
        return new HubLimits(Duration.ofSeconds(5), answerTimeout, stallTimeout, 256, retries, 10_000,
                Duration.ofMillis(5), Duration.ofMillis(200), PIECE_BYTES, Optional.empty());
    }

    @TempDir
    Path folder;
    FakeHub hub;
    Path cache;
    final Map<String, String> environment = new HashMap<>();
    final List<String> said = new CopyOnWriteArrayList<>();
    final AtomicLong bytes = new AtomicLong();
    final AtomicLong announced = new AtomicLong();

    @BeforeEach
    void startHub() throws IOException {
        hub = new FakeHub();
        cache = folder.resolve("cache");
        environment.put("HF_ENDPOINT", hub.endpoint());
        environment.put("HF_HUB_CACHE", cache.toString());
        environment.put("HOME", folder.toString());
    }

    @AfterEach
    void stopHub() throws IOException {
        hub.close();
    }

    static HubDownload.Request request(String revision) {
        return new HubDownload.Request(HubName.of(FakeHub.NAME), Optional.ofNullable(revision),
                Optional.empty(),
                Optional.empty(), 4, false, Optional.empty());
    }

    static HubDownload.Request offline() {
        return new HubDownload.Request(HubName.of(FakeHub.NAME), Optional.empty(), Optional.empty(),
                Optional.empty(), 4, true, Optional.empty());
    }

    static HubDownload.Request into(Path target, boolean offline) {
        return new HubDownload.Request(HubName.of(FakeHub.NAME), Optional.empty(), Optional.empty(),
                Optional.of(target), 4, offline, Optional.empty());
    }

    Path download() {
        return download(request(null), QUICK);
    }

    Path download(HubDownload.Request request, HubLimits limits) {
        return new HubDownload(new HubEnvironment(environment), request, limits, HttpClient.Builder::build,
                listener())
                .run();
    }

    DownloadListener listener() {
        return new DownloadListener() {
            @Override
            public void say(String message) {
                said.add(message);
            }

            @Override
            public void onStart(long toCome) {
                announced.set(toCome);
            }

            @Override
            public void onBytes(long more) {
                bytes.addAndGet(more);
            }

            @Override
            public void onEnd() {
                assertThat(announced.get()).isNotNegative();
            }
        };
    }

    Path model() {
        return cache.resolve("models--some--model");
    }

    Path snapshot() {
        return model().resolve("snapshots").resolve(FakeHub.COMMIT);
    }

    Path blob(String file) {
        return model().resolve("blobs").resolve(FakeHub.digest(hub.files.get(file)));
    }

    byte[] large() {
        return hub.files.get("model.safetensors");
    }

    void assertWhole(Path found) throws IOException {
        for (String file : List.of("config.json", "tokenizer.json", "model.safetensors")) {
            assertThat(found.resolve(file)).hasBinaryContent(hub.files.get(file));
        }
    }

    static List<String> tree(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(file -> !Files.isDirectory(file))
                    .map(file -> root.relativize(file).toString()).sorted()
                    .toList();
        }
    }
}
