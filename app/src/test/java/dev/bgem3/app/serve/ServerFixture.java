package dev.bgem3.app.serve;

import dev.bgem3.BgeM3;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** A server in this process, and a client for it. */
final class ServerFixture implements AutoCloseable {
    static final Path ROOT = Path.of(System.getProperty("bgem3.root"));
    static final Path MINI = ROOT.resolve("models/bge-m3-mini");
    static final ServeOptions DEFAULTS = new ServeOptions("127.0.0.1", 0, Optional.empty(), 512,
            OptionalInt.empty(), 32,
            2_000_000, true, Duration.ofSeconds(60), Duration.ofSeconds(10), false);
    /** Options as of a server that is started without any. */
    static final ServeOptions PLAIN = new ServeOptions("127.0.0.1", 0, Optional.empty(), 512,
            OptionalInt.empty(), 2048, ServeOptions.defaultPayloadLimit(), true, Duration.ofSeconds(60),
            Duration.ofSeconds(10), false);
    static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final ByteArrayOutputStream log = new ByteArrayOutputStream();
    private final TextServer server;
    private final BgeM3 model;

    ServerFixture(BgeM3 model, ServeOptions options) {
        this(new ServedModel.Encoder(model), options);
    }

    ServerFixture(ServedModel served, ServeOptions options) {
        this(served, options, "mini");
    }

    /** Starts a server whose model has this name. */
    ServerFixture(ServedModel served, ServeOptions options, String modelName) {
        this(served, options, modelName, HeapShares.of(Runtime.getRuntime().maxMemory()));
    }

    /** Starts a server that divides a heap of another size than this process's. */
    ServerFixture(BgeM3 model, ServeOptions options, HeapShares heap) {
        this(new ServedModel.Encoder(model), options, "mini", heap);
    }

    private ServerFixture(ServedModel served, ServeOptions options, String modelName, HeapShares heap) {
        model = served instanceof ServedModel.Encoder(BgeM3 encoder) ? encoder : null;
        server = TextServer.start(served, new Identity(modelName, "1.2.3"), options,
                new PrintStream(log, true, StandardCharsets.UTF_8), heap);
    }

    BgeM3 model() {
        return model;
    }

    TextServer server() {
        return server;
    }

    String log() {
        return log.toString(StandardCharsets.UTF_8);
    }

    HttpResponse<String> get(String path) throws Exception {
        return client.send(request(path).build(), BodyHandlers.ofString());
    }

    HttpResponse<String> post(String path, String body) throws Exception {
        return client.send(request(path).POST(BodyPublishers.ofString(body)).build(),
                BodyHandlers.ofString());
    }

    HttpResponse<String> send(HttpRequest request) throws Exception {
        return client.send(request, BodyHandlers.ofString());
    }

    CompletableFuture<HttpResponse<String>> sendAsync(HttpRequest request) {
        return client.sendAsync(request, BodyHandlers.ofString());
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .timeout(Duration.ofMinutes(2));
    }

    /** Returns the JSON of a response, whose status must be 200. */
    JsonNode json(String path, String body) throws Exception {
        HttpResponse<String> response = post(path, body);
        if (response.statusCode() != 200) {
            throw new AssertionError(path + ": " + response.statusCode() + " " + response.body());
        }
        return JSON.readTree(response.body());
    }

    Socket socket() throws IOException {
        Socket socket = new Socket("127.0.0.1", server.port());
        socket.setSoTimeout(10_000);
        return socket;
    }

    @Override
    public void close() {
        server.close();
        client.close();
    }
}
