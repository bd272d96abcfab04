package dev.bgem3.app.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Offline mode opens no socket and creates no HTTP client. */
class OfflineTest extends HubFixture {
    private Path find(HubDownload.Request request) {
        int before = hub.connections.get();
        try {
            return new HubDownload(new HubEnvironment(environment), request, QUICK, _ -> {
                throw new AssertionError("an HTTP client was asked for");
            }, listener()).run();
        } finally {
            assertThat(hub.connections).hasValue(before);
        }
    }

    @Test
    void findsACompleteModel() {
        download();
        assertThat(find(offline())).isEqualTo(snapshot());
        environment.put("HF_HUB_OFFLINE", "1");
        assertThat(find(request(null))).isEqualTo(snapshot());
        assertThat(find(request(FakeHub.COMMIT))).isEqualTo(snapshot());
        environment.remove("HF_HUB_OFFLINE");
        environment.put("TRANSFORMERS_OFFLINE", "true");
        assertThat(find(request("main"))).isEqualTo(snapshot());
        environment.put("HF_ENDPOINT", "http://no such place");
        assertThat(find(request(null))).isEqualTo(snapshot());
    }

    @Test
    void saysWhatIsMissing() throws IOException {
        assertThatThrownBy(() -> find(offline())).isInstanceOf(HubException.class).hasMessage(
                "some/model (offline: nothing was asked of the hub): revision main is not in the cache at "
                        + cache);
        download();
        Files.delete(snapshot().resolve("tokenizer.json"));
        assertThatThrownBy(() -> find(offline()))
                .hasMessage("some/model (offline: nothing was asked of the hub): incomplete in " + snapshot()
                        + ": tokenizer.json or sentencepiece.bpe.model is missing");
        Files.delete(snapshot().resolve("config.json"));
        Files.delete(blob("model.safetensors"));
        assertThatThrownBy(() -> find(offline())).hasMessageContaining("config.json is missing")
                .hasMessageContaining("model.safetensors is missing")
                .hasMessageContaining("model.safetensors is a broken link");
        assertThatThrownBy(() -> find(ofAnotherCommit())).hasMessageContaining("there is no " + model());
    }

    private static HubDownload.Request ofAnotherCommit() {
        return new HubDownload.Request(HubName.of(FakeHub.NAME), Optional.of("a".repeat(40)),
                Optional.empty(), Optional.empty(), 1, true, Optional.empty());
    }

    @Test
    void saysThatAShardOfTheIndexIsMissing() throws IOException {
        hub.files.remove("model.safetensors");
        hub.files.put("model.safetensors.index.json",
                ("{\"weight_map\": {\"a\": \"model-00001-of-00002.safetensors\","
                        + " \"b\": \"model-00002-of-00002.safetensors\"}}").getBytes(StandardCharsets.UTF_8));
        hub.files.put("model-00001-of-00002.safetensors", FakeHub.random(2_000, 4));
        download();
        assertThatThrownBy(() -> find(offline()))
                .hasMessageEndingWith(": model-00002-of-00002.safetensors is missing");
    }

    @Test
    void detectsChangedBytes() throws IOException {
        download();
        byte[] damaged = large().clone();
        damaged[7] ^= 1;
        Files.write(blob("model.safetensors"), damaged);
        assertThatThrownBy(() -> find(offline()))
                .hasMessageEndingWith(": model.safetensors has another digest than it was fetched with");
    }

    @Test
    void checksAKnownModelAgainstItsKnownDigests() throws IOException {
        String commit = KnownModels.find(HubName.BGE_M3).orElseThrow().commit();
        Path bge = Files.createDirectories(cache.resolve("models--BAAI--bge-m3/snapshots/" + commit));
        Files.writeString(bge.resolve("config.json"), "{}");
        Files.writeString(bge.resolve("pytorch_model.bin"), "short");
        Files.writeString(bge.resolve("tokenizer.json"), "{}");
        HubDownload.Request request = new HubDownload.Request(HubName.BGE_M3, Optional.empty(),
                Optional.empty(), Optional.empty(), 1, true, Optional.empty());
        assertThatThrownBy(() -> find(request)).hasMessageContaining("colbert_linear.pt is missing")
                .hasMessageContaining("sparse_linear.pt is missing")
                .hasMessageContaining("pytorch_model.bin is not that of commit " + commit);
    }

    /** Another program may have followed main to a newer commit; that model is usable too. */
    @Test
    void acceptsMainOfAKnownModelIfTheKnownCommitIsMissing() throws IOException {
        Path model = cache.resolve("models--BAAI--bge-m3");
        Path bge = Files.createDirectories(model.resolve("snapshots/" + "b".repeat(40)));
        for (String file : List.of("config.json", "pytorch_model.bin", "tokenizer.json")) {
            Files.writeString(bge.resolve(file), "{}");
        }
        Files.createDirectories(model.resolve("refs"));
        Files.writeString(model.resolve("refs/main"), "b".repeat(40));
        assertThat(find(
                new HubDownload.Request(HubName.BGE_M3, Optional.empty(), Optional.empty(), Optional.empty(),
                        1, true, Optional.empty())))
                .isEqualTo(bge);
    }
}
