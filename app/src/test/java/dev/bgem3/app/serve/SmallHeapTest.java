package dev.bgem3.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A process with a heap of 64 MiB, which exits if the heap is full, survives its clients. */
@Timeout(60)
class SmallHeapTest {
    private static final int LENGTH = 1_900_000;
    private static Process process;
    private static URI address;
    private static HttpClient client;

    @BeforeAll
    static void start() throws IOException {
        process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError",
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp",
                System.getProperty("java.class.path"), "dev.bgem3.app.Main", "serve", "--model",
                ServerFixture.MINI.toString(), "--port", "0").redirectErrorStream(true).start();
        BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
        String line = lines.readLine();
        while (line != null && !line.contains("http://")) {
            line = lines.readLine();
        }
        assertThat(line).isNotNull();
        address = URI.create(line.replaceFirst(".* at (http://\\S+) .*", "$1"));
        // Otherwise the log would fill the pipe.
        Thread.ofVirtual().start(() -> lines.lines().forEach(_ -> {}));
        client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    }

    @AfterAll
    static void stop() {
        client.close();
        process.destroyForcibly();
    }

    private static HttpRequest post(String body) {
        return HttpRequest.newBuilder(address.resolve("/embed")).timeout(Duration.ofSeconds(30))
                .POST(BodyPublishers.ofString(body)).build();
    }

    private static void requireHealthy() throws Exception {
        assertThat(process.isAlive()).isTrue();
        HttpResponse<String> health = client.send(HttpRequest.newBuilder(address.resolve("/health"))
                .timeout(Duration.ofSeconds(30)).build(), BodyHandlers.ofString());
        assertThat(health.statusCode()).isEqualTo(200);
        assertThat(client.send(post("{\"inputs\":\"text\"}"), BodyHandlers.ofString()).statusCode())
                .isEqualTo(200);
    }

    @Test
    void survivesAnnouncedBodiesThatNeverArrive() throws Exception {
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < 100; i++) {
                Socket socket = new Socket(address.getHost(), address.getPort());
                sockets.add(socket);
                socket.getOutputStream()
                        .write("POST /embed HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n"
                                .getBytes(StandardCharsets.ISO_8859_1));
            }
            requireHealthy();
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
        requireHealthy();
    }

    @Test
    void survivesManyLargeBodiesAtATime() throws Exception {
        String body = "{\"inputs\":\"" + "some words of a text ".repeat(LENGTH / 21) + "\"}";
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            answers.add(client.sendAsync(post(body), BodyHandlers.ofString()));
        }
        for (CompletableFuture<HttpResponse<String>> answer : answers) {
            assertThat(answer.get().statusCode()).as(answer.get().body()).isIn(200, 429);
        }
        requireHealthy();
        assertThat(client.send(post(body), BodyHandlers.ofString()).statusCode()).isEqualTo(200);
    }

    @Test
    void survivesSmallBodiesWithLargeResults() throws Exception {
        for (String unit : List.of("{},", "[],", "\"a\",", "{\"a\":1},", "12345,", "1.5,")) {
            List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                answers.add(client.sendAsync(
                        post("{\"inputs\":[" + unit.repeat(LENGTH / unit.length()) + "1]}"),
                        BodyHandlers.ofString()));
            }
            for (CompletableFuture<HttpResponse<String>> answer : answers) {
                assertThat(answer.get().statusCode()).as("%s: %s", unit, answer.get().body()).isIn(200, 422,
                        429);
            }
        }
        for (String unit : List.of("a", "ﷺ", "½", "你")) {
            int bytes = unit.getBytes(StandardCharsets.UTF_8).length;
            HttpResponse<String> answer = client.send(
                    post("{\"inputs\":\"" + unit.repeat(LENGTH / bytes) + "\"}"),
                    BodyHandlers.ofString());
            assertThat(answer.statusCode()).as("%s: %s", unit, answer.body()).isIn(200, 422);
        }
        requireHealthy();
    }

    @Test
    void survivesHeadersOfManyLines() throws Exception {
        StringBuilder head = new StringBuilder("POST /embed HTTP/1.1\r\nHost: x\r\n");
        for (int i = 0; i < 9000; i++) {
            head.append(Integer.toString(i, 36)).append(":\r\n");
        }
        byte[] bytes = head.toString().getBytes(StandardCharsets.ISO_8859_1);
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < 100; i++) {
                Socket socket = new Socket(address.getHost(), address.getPort());
                sockets.add(socket);
                try {
                    socket.getOutputStream().write(bytes);
                } catch (IOException _) {
                    // Refused before it was complete.
                }
            }
            HttpResponse<InputStream> health = client.send(
                    HttpRequest.newBuilder(address.resolve("/health")).build(), BodyHandlers.ofInputStream());
            assertThat(health.statusCode()).isEqualTo(200);
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
        requireHealthy();
    }
}
