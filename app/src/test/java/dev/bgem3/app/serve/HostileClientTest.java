package dev.bgem3.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.testsupport.TestSizes;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Whatever a client does, others are answered. */
class HostileClientTest extends OnMiniServer {
    private static final String GOOD = "{\"inputs\":\"text\"}";

    @AfterEach
    void othersAreAnswered() throws Exception {
        assertThat(server.post("/embed", GOOD).statusCode()).isEqualTo(200);
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().flush();
    }

    private static String head(String path, int length) {
        return "POST " + path + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + length + "\r\n\r\n";
    }

    private static String firstLine(Socket socket) throws IOException {
        return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1))
                .readLine();
    }

    @Test
    void incompleteRequestsDoNotBlockOthers() throws Exception {
        List<Socket> sockets = new ArrayList<>();
        for (String half : List.of("PO", "POST /embed HTTP/1.1\r\nHo", head("/embed", 100),
                head("/embed", 100) + "{\"in",
                "POST /embed HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"i")) {
            for (int i = 0; i < 20; i++) {
                Socket socket = server.socket();
                write(socket, half);
                sockets.add(socket);
            }
        }
        assertThat(server.post("/embed", GOOD).statusCode()).isEqualTo(200);
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    @Test
    void clientThatDoesNotReadDoesNotBlockOthers() throws Exception {
        String text = "what is the meaning of this ".repeat(100);
        String body = "{\"inputs\":[" + ("\"" + text + "\",").repeat(7) + "\"" + text
                + "\"],\"outputs\":[\"colbert\"]}";
        try (Socket socket = server.socket()) {
            socket.setReceiveBufferSize(4096);
            write(socket, head("/v1/encode", body.length()) + body);
            for (int i = 0; i < 5; i++) {
                assertThat(server.post("/embed", GOOD).statusCode()).isEqualTo(200);
            }
        }
    }

    @Test
    void refusesABodyOf100MegabytesAndTheClientReadsWhy() throws Exception {
        HttpResponse<String> response = server.send(server.request("/embed")
                .POST(BodyPublishers.ofByteArray(new byte[100_000_000])).build());
        assertThat(response.statusCode()).isEqualTo(413);
        assertThat(response.body()).contains("more than 2000000 bytes");
    }

    @Test
    void refusesABodyOfUnknownLengthOnceItIsTooLarge() throws Exception {
        HttpResponse<String> response = server.send(server.request("/embed")
                .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(new byte[3_000_000])))
                .build());
        assertThat(response.statusCode()).isEqualTo(413);
    }

    @Test
    void rejectsInvalidUtf8() throws Exception {
        HttpResponse<String> response = server.send(server.request("/embed").POST(BodyPublishers
                .ofByteArray("{\"inputs\":\"a\u00ffb\"}".getBytes(StandardCharsets.ISO_8859_1))).build());
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body()).contains("not UTF-8 at byte 12");
    }

    @Test
    void rejectsDeepNesting() throws Exception {
        for (String deep : List.of("[".repeat(100_000), "{\"inputs\":" + "[".repeat(100_000),
                "{\"a\":".repeat(100_000))) {
            HttpResponse<String> response = server.post("/embed", deep);
            assertThat(response.statusCode()).isEqualTo(400);
            assertThat(response.body()).contains("not JSON").doesNotContain("Exception", "\tat ");
        }
    }

    @Test
    void rejectsWhatIsNotHttp() throws Exception {
        for (String noise : List.of("GARBAGE\r\n\r\n", "\0\1\2\3\r\n\r\n", "GET /" + "a".repeat(100_000),
                "GET / HTTP/1.1\r\nHost: a\r\n" + "x: y\r\n".repeat(20_000) + "\r\n",
                "GET /health HTTP/1.1\r\n\r\n",
                head("/embed", 10).replace("10", "ten"), head("/embed", 10).replace("10", "-1"))) {
            try (Socket socket = server.socket()) {
                write(socket, noise);
                String line = firstLine(socket);
                assertThat(line == null || line.matches("HTTP/1.1 4\\d\\d .*")).as(line).isTrue();
            } catch (SocketException e) {
                assertThat(e).hasMessageMatching("Connection reset|Broken pipe.*");
            }
        }
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrder() throws Exception {
        try (Socket socket = server.socket()) {
            StringBuilder requests = new StringBuilder();
            for (int i = 0; i < 50; i++) {
                String body = "{\"ids\":[" + (i + 10) + "]}";
                requests.append(head("/decode", body.length())).append(body);
            }
            write(socket, requests.toString());
            InputStream in = socket.getInputStream();
            StringBuilder answers = new StringBuilder();
            byte[] chunk = new byte[8192];
            String last = ServerFixture.JSON.writeValueAsString(model.tokenizer().decode(59));
            while (!answers.toString().endsWith("[" + last + "]")) {
                int count = in.read(chunk);
                assertThat(count).as("the connection ended after %s", answers).isPositive();
                answers.append(new String(chunk, 0, count, StandardCharsets.UTF_8));
            }
            assertThat(answers.toString().split("HTTP/1.1 200 OK")).hasSize(51);
        }
    }

    @Test
    void manyIdleConnectionsDoNotBlockOthers() throws Exception {
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < 1000; i++) {
                sockets.add(server.socket());
            }
            assertThat(server.post("/embed", GOOD).statusCode()).isEqualTo(200);
            write(sockets.getLast(), "GET /health HTTP/1.1\r\nHost: t\r\n\r\n");
            assertThat(firstLine(sockets.getLast())).isEqualTo("HTTP/1.1 200 OK");
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    @Test
    void cancelsARequestWhoseClientDisconnected() throws Exception {
        // The queue has so much work before it that the client has time to disconnect.
        String text = "word ".repeat(1000);
        String body = "{\"inputs\":[" + ("\"" + text + "\",").repeat(31) + "\"" + text + "\"]}";
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            Socket socket = server.socket();
            write(socket, head("/embed", body.length()) + body);
            sockets.add(socket);
        }
        Thread.sleep(100);
        for (Socket socket : sockets) {
            socket.close();
        }
        long until = System.nanoTime() + 60_000_000_000L;
        while (server.server().answered() < server.server().accepted() && System.nanoTime() < until) {
            Thread.sleep(20);
        }
        assertThat(server.log().lines().filter(line -> line.contains("\"status\":499"))).isNotEmpty();
        // The current batch still completes.
        while (!server.get("/metrics").body().contains("bgem3_permits_free 512.0")) {
            assertThat(System.nanoTime()).isLessThan(until);
            Thread.sleep(20);
        }
    }

    @Test
    void answersALongRequestAndKeepsItsConnection() throws Exception {
        String text = "word ".repeat(1000);
        String body = "{\"inputs\":[" + ("\"" + text + "\",").repeat(31) + "\"" + text + "\"]}";
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < TestSizes.pick(1, 4); i++) {
            answers.add(
                    server.sendAsync(server.request("/embed").POST(BodyPublishers.ofString(body)).build()));
        }
        assertThat(answers).allSatisfy(answer -> assertThat(answer.join().statusCode()).isEqualTo(200));
        for (int i = 0; i < TestSizes.pick(1, 3); i++) {
            assertThat(server.post("/embed", TestSizes.pick(GOOD, body)).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void refusesARequestAtOnceWithoutPermits() throws Exception {
        ServeOptions narrow = new ServeOptions("127.0.0.1", 0, Optional.empty(), 4, OptionalInt.empty(), 32,
                2_000_000,
                true, Duration.ofSeconds(60), Duration.ofSeconds(10), false);
        try (ServerFixture small = new ServerFixture(model, narrow)) {
            String text = "word ".repeat(1000);
            String body = "{\"inputs\":[" + ("\"" + text + "\",").repeat(3) + "\"" + text + "\"]}";
            List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                answers.add(
                        small.sendAsync(small.request("/embed").POST(BodyPublishers.ofString(body)).build()));
            }
            List<HttpResponse<String>> responses = answers.stream().map(CompletableFuture::join).toList();
            assertThat(responses).extracting(HttpResponse::statusCode).containsOnly(200, 429).contains(200,
                    429);
            assertThat(responses).filteredOn(response -> response.statusCode() == 429).allSatisfy(refused -> {
                assertThat(refused.body()).contains("\"error_type\":\"Overloaded\"");
                assertThat(refused.headers().firstValue("retry-after")).hasValue("1");
            });
        }
    }

    @Test
    void cancelsARequestThatTakesTooLong() throws Exception {
        ServeOptions hasty = new ServeOptions("127.0.0.1", 0, Optional.empty(), 512, OptionalInt.empty(), 32,
                2_000_000,
                true, Duration.ofMillis(1), Duration.ofSeconds(10), false);
        try (ServerFixture small = new ServerFixture(model, hasty)) {
            String text = "word ".repeat(1000);
            HttpResponse<String> response = small.post("/embed",
                    "{\"inputs\":[" + ("\"" + text + "\",").repeat(31) + "\"" + text + "\"]}");
            assertThat(response.statusCode()).as(response.body()).isEqualTo(504);
            assertThat(response.body()).contains("\"error_type\":\"Timeout\"");
        }
    }

    @Test
    void requiresTheKeyEverywhereExceptForHealth() throws Exception {
        ServeOptions locked = new ServeOptions("127.0.0.1", 0, Optional.of(new ApiKey("secret")), 512,
                OptionalInt.empty(), 32, 2_000_000, true, Duration.ofSeconds(60), Duration.ofSeconds(10),
                false);
        try (ServerFixture small = new ServerFixture(model, locked)) {
            assertThat(small.get("/health").statusCode()).isEqualTo(200);
            for (String wrong : List.of("", "Bearer ", "Bearer secre", "Bearer secret2", "Basic secret",
                    "secret")) {
                HttpResponse<String> response = small
                        .send(small.request("/embed").header("Authorization", wrong)
                                .POST(BodyPublishers.ofString(GOOD)).build());
                assertThat(response.statusCode()).as(wrong).isEqualTo(401);
                assertThat(response.headers().firstValue("www-authenticate")).hasValue("Bearer");
            }
            assertThat(small.get("/info").statusCode()).isEqualTo(401);
            assertThat(small.get("/metrics").statusCode()).isEqualTo(401);
            assertThat(small.send(small.request("/embed").header("Authorization", "bearer secret")
                    .POST(BodyPublishers.ofString(GOOD)).build()).statusCode()).isEqualTo(200);
            assertThat(small.log()).doesNotContain("secret");
        }
    }
}
