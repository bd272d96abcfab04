package dev.bgem3.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.bgem3.app.CommandRunner.Result;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests {@code bgem3 download} with a hub that serves the demonstration model. */
class DownloadCommandTest {
    private static final String COMMIT = "c".repeat(40);
    private static final List<String> FILES = List.of("config.json", "model.safetensors", "tokenizer.json",
            "colbert_linear.pt", "sparse_linear.pt", "sentencepiece.bpe.model");

    @TempDir
    private Path folder;
    private HttpServer server;
    private final Map<String, String> environment = new HashMap<>();
    private final List<String> asked = new CopyOnWriteArrayList<>();

    @BeforeEach
    void startServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
        environment.put("HF_ENDPOINT", "http://127.0.0.1:" + server.getAddress().getPort());
        environment.put("HF_HOME", folder.resolve("hf").toString());
    }

    @AfterEach
    void stopServer() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        asked.add(exchange.getRequestURI().toString());
        try (exchange) {
            String path = exchange.getRequestURI().getPath().replaceFirst("^http://[^/]*", "");
            byte[] body = path.startsWith("/api/")
                    ? listing().getBytes(StandardCharsets.UTF_8)
                    : Files.readAllBytes(
                            CommandRunner.MINI.resolve(path.substring(path.lastIndexOf('/') + 1)));
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private static String listing() {
        return "{\"sha\":\"" + COMMIT + "\",\"siblings\":[" + String.join(",",
                FILES.stream().filter(file -> Files.exists(CommandRunner.MINI.resolve(file)))
                        .map(DownloadCommandTest::entry).toList())
                + "]}";
    }

    private static String entry(String file) {
        try {
            byte[] content = Files.readAllBytes(CommandRunner.MINI.resolve(file));
            return "{\"rfilename\":\"" + file + "\",\"size\":" + content.length + ",\"lfs\":{\"sha256\":\""
                    + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content)) + "\"}}";
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private Result run(String... words) {
        return CommandRunner.runIn(Optional.of(CommandRunner.ROOT), new byte[0], environment, words);
    }

    @Test
    void printsTheFolderAndTheModelIsFoundByItsName() {
        Result result = run("download", "our/mini");
        assertThat(result.exitCode()).as(result.err()).isZero();
        Path snapshot = folder.resolve("hf/hub/models--our--mini/snapshots/" + COMMIT);
        assertThat(result.out()).isEqualTo(snapshot + System.lineSeparator());
        assertThat(result.err()).startsWith("bgem3: our/mini at cccccccccccc: ").hasLineCount(1);
        Result info = run("info", "--model", "our/mini");
        assertThat(info.exitCode()).as(info.err()).isZero();
        assertThat(info.out()).contains(snapshot.toString());
        assertThat(run("download", "our/mini", "--offline").out()).isEqualTo(result.out());
    }

    @Test
    void usesTheProxyFromTheEnvironment() {
        environment.put("http_proxy", environment.get("HF_ENDPOINT"));
        environment.put("HF_ENDPOINT", "http://hub.invalid");
        Result result = run("download", "our/mini");
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(asked).isNotEmpty().allMatch(address -> address.startsWith("http://hub.invalid/"));
    }

    @Test
    void failuresPrintOneLineAndExitWithOne() {
        environment.put("HF_ENDPOINT", "nowhere");
        Result result = run("download");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).isEqualTo("bgem3: HF_ENDPOINT: nowhere (expected: an address such as"
                + " https://huggingface.co)" + System.lineSeparator());
        Result offline = run("download", "--offline");
        assertThat(offline.exitCode()).isEqualTo(1);
        assertThat(offline.err())
                .startsWith(
                        "bgem3: BAAI/bge-m3 (offline: nothing was asked of the hub): revision 5617a9f61b02")
                .hasLineCount(1);
    }

    @Test
    void invalidArgumentsExitWithTwo() {
        for (Map.Entry<String, String> call : Map.of("download x", "OWNER/NAME: x (expected: owner/name",
                "download a/../b", "OWNER/NAME: a/../b (expected: a name on the hub",
                "download --connections 0", "--connections: 0 (expected: 1..64)",
                "download --timeout 0", "--timeout: 0 (expected: at least 1)",
                "download --revision ../x", "--revision: ../x (expected: a branch, a tag or a commit)",
                "download --local-dir=", "--local-dir: empty (expected: a folder)",
                "download --cache-dir a --local-dir b", "--cache-dir together with --local-dir").entrySet()) {
            Result result = run(call.getKey().split(" "));
            assertThat(result.exitCode()).as(result.err()).isEqualTo(2);
            assertThat(result.err()).startsWith("bgem3: " + call.getValue()).endsWith(
                    "Try 'bgem3 download --help'." + System.lineSeparator()).hasLineCount(2);
            assertThat(result.out()).isEmpty();
        }
        Result empty = run("download", "");
        assertThat(empty.exitCode()).isEqualTo(2);
        assertThat(empty.err())
                .startsWith("bgem3: OWNER/NAME: empty (expected: a name such as BAAI/bge-m3)");
        assertThat(asked).isEmpty();
    }

    @Test
    void messageOfAMissingModelSuggestsADownload() {
        assertThat(run("info", "--model", "our/mini").err())
                .endsWith("; bgem3 download our/mini fetches it from the hub" + System.lineSeparator());
    }

    @Test
    void showsProgressUnlessTheEnvironmentDisablesIt() {
        String[] words = {"download", "our/mini", "--local-dir", folder.resolve("mini").toString()};
        Map<String, String> quiet = new HashMap<>(environment);
        quiet.put("HF_HUB_DISABLE_PROGRESS_BARS", "1");
        assertThat(CommandRunner.runWatched(quiet, words).err()).doesNotContain("MiB");
        String[] again = {"download", "our/mini", "--local-dir", folder.resolve("again").toString()};
        assertThat(CommandRunner.runWatched(environment, again).err()).contains("100%", "MiB");
    }
}
