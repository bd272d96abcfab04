package dev.bgem3.app.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Downloads in separate processes: two at the same time, and one that is killed. */
@Timeout(60)
class HubProcessTest extends HubFixture {
    private Process start(String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"),
                "dev.bgem3.app.Main", "download", FakeHub.NAME));
        command.addAll(List.of(words));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectError(folder.resolve("err" + System.nanoTime()).toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        return builder.start();
    }

    private static String out(Process process) throws IOException {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void twoProcessesDownloadOnlyOnce() throws Exception {
        hub.always(FakeHub.bytes(), (request, wire) -> {
            Thread.sleep(700);
            hub.tellTruth(request, wire);
        });
        Process first = start();
        Process second = start();
        assertThat(out(first)).isEqualTo(snapshot() + System.lineSeparator());
        assertThat(out(second)).isEqualTo(snapshot() + System.lineSeparator());
        assertThat(first.waitFor()).isZero();
        assertThat(second.waitFor()).isZero();
        assertWhole(snapshot());
        assertThat(hub.asked(request -> request.path().endsWith("signed/model.safetensors"))).isOne();
    }

    /**
     * By default Java sends no password to a tunnelling proxy; the property that allows it must be set before
     * the first client is created.
     */
    @Test
    void sendsThePasswordToATunnellingProxy() throws Exception {
        environment.put("HF_ENDPOINT", "https://hub.invalid");
        environment.put("https_proxy", hub.endpoint().replace("//", "//user:pa%40ss@"));
        hub.always(request -> request.method().equals("CONNECT"),
                (_, wire) -> wire.head(407, "Proxy-Authenticate: Basic realm=\"here\"").body(new byte[0]));
        Process process = start("--timeout", "20");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (hub.asked(request -> !request.header("Proxy-Authorization").isEmpty()) == 0
                && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        process.destroy();
        assertThat(process.waitFor()).isNotZero();
        assertThat(hub.requests).allMatch(request -> request.target().equals("hub.invalid:443"))
                .anyMatch(request -> request.header("Proxy-Authorization").equals("Basic "
                        + Base64.getEncoder().encodeToString("user:pa@ss".getBytes(StandardCharsets.UTF_8))));
    }

    /** All bytes arrive at once, then none; the timer must still save which bytes are present. */
    @Test
    void savesWhatArrivedBeforeAStall() throws Exception {
        hub.files.put("model.safetensors", FakeHub.random(3_000_000, 3));
        hub.on(request -> request.path().endsWith("signed/model.safetensors"), 1, (_, wire) -> {
            wire.head(200, "Content-Length: " + large().length).raw(Arrays.copyOf(large(), 1_000_000));
            Thread.sleep(20_000);
        });
        Process stopped = start();
        Path part = blob("model.safetensors").resolveSibling(FakeHub.digest(large()) + ".bgem3.incomplete");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (PartFile.present(part, large().length) < 1_000_000 && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        stopped.destroyForcibly();
        stopped.waitFor();
        assertThat(PartFile.present(part, large().length)).isEqualTo(1_000_000);
    }

    @Test
    void resumesWhatAKilledProcessLeft() throws Exception {
        hub.files.put("model.safetensors", FakeHub.random(3_000_000, 3));
        hub.on(request -> request.path().endsWith("signed/model.safetensors"), 1, (request, wire) -> {
            wire.head(200, "Content-Length: " + large().length).raw(new byte[0]);
            for (int at = 0; at < 2_000_000; at += 50_000) {
                wire.more(Arrays.copyOfRange(large(), at, at + 50_000));
                Thread.sleep(60);
            }
            Thread.sleep(20_000);
        });
        Process stopped = start();
        Path part = blob("model.safetensors").resolveSibling(FakeHub.digest(large()) + ".bgem3.incomplete");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (PartFile.present(part, large().length) < 1_000_000 && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        stopped.destroy();
        assertThat(stopped.waitFor()).isNotZero();
        assertThat(Files.exists(snapshot())).isFalse();
        long kept = PartFile.present(part, large().length);
        assertThat(kept).isGreaterThanOrEqualTo(1_000_000);
        download();
        assertWhole(snapshot());
        assertThat(bytes.get()).isEqualTo(3_000_000 - kept);
    }
}
