package dev.bgem3.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.BgeM3;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The heap that clients can make a server use is limited, and other clients are still answered. */
@Timeout(60)
class FullHeapTest {
    private static final int MIB = 1 << 20;
    private static final int CONNECTIONS = 40;
    private static final String GOOD = "{\"inputs\":\"text\"}";
    private static BgeM3 model;
    private HeapBudget requests;
    private ServerFixture server;
    private final List<Socket> sockets = new ArrayList<>();

    @BeforeAll
    static void load() {
        model = BgeM3.load(ServerFixture.MINI);
    }

    @AfterAll
    static void unload() {
        model.close();
    }

    @BeforeEach
    void start() {
        requests = new HeapBudget("requests", 4 * MIB);
        server = new ServerFixture(model, ServerFixture.DEFAULTS,
                new HeapShares(requests, new HeapBudget("vectors of each token", 2 * MIB, requests),
                        CONNECTIONS));
    }

    /** All heap is released after the clients have disconnected. */
    @AfterEach
    void leaveNothingBehind() throws Exception {
        for (Socket socket : sockets) {
            socket.close();
        }
        awaitTaken(0);
        assertThat(server.post("/embed", GOOD).statusCode()).isEqualTo(200);
        server.close();
    }

    private void awaitTaken(long bytes) throws InterruptedException {
        long until = System.nanoTime() + 30_000_000_000L;
        while (requests.taken() != bytes) {
            assertThat(System.nanoTime()).as("%d bytes are taken", requests.taken()).isLessThan(until);
            Thread.sleep(10);
        }
    }

    private Socket open(String bytes) throws IOException {
        Socket socket = server.socket();
        sockets.add(socket);
        socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
        return socket;
    }

    /** Closes the sending side, so that the server need not wait for the rest of a body. */
    private Socket whole(String bytes) throws IOException {
        Socket socket = open(bytes);
        socket.shutdownOutput();
        return socket;
    }

    private static String head(String path, long length) {
        return "POST " + path + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + length + "\r\n\r\n";
    }

    private static List<String> answer(Socket socket) throws IOException {
        BufferedReader lines = new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        List<String> answer = new ArrayList<>();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            answer.add(line);
        }
        return answer;
    }

    @Test
    void announcedBodyTakesNoHeapBeforeItArrives() throws Exception {
        for (int i = 0; i < CONNECTIONS / 2; i++) {
            open(head("/embed", 2_000_000));
        }
        while (server.server().accepted() < CONNECTIONS / 2) {
            Thread.sleep(5);
        }
        assertThat(requests.taken()).isZero();
        assertThat(server.post("/embed", GOOD).statusCode()).isEqualTo(200);
    }

    @Test
    void refusesBodiesWithoutRoomAndTheClientReadsWhy() throws Exception {
        String part = "{\"inputs\":\"" + "a".repeat(900_000);
        open(head("/embed", 1_900_000) + part);
        open(head("/embed", 1_900_000) + part);
        awaitRoomTaken(3 * MIB);

        List<String> refused = answer(open(head("/embed", 1_900_000) + "a".repeat(1_900_000)));
        assertThat(refused.getFirst()).isEqualTo("HTTP/1.1 429 Too Many Requests");
        assertThat(refused).contains("Connection: close", "Retry-After: 1");
        assertThat(refused.getLast()).contains("\"error_type\":\"Overloaded\"", "MiB more of requests");
        List<String> openAi = answer(open(head("/v1/embeddings", 1_900_000) + "a".repeat(1_900_000)));
        assertThat(openAi.getFirst()).isEqualTo("HTTP/1.1 429 Too Many Requests");
        assertThat(openAi.getLast()).contains("\"type\":\"rate_limit_error\"");

        assertThat(server.get("/health").statusCode()).isEqualTo(200);
        assertThat(server.post("/embed", GOOD).statusCode()).isEqualTo(200);
    }

    private void awaitRoomTaken(long least) throws InterruptedException {
        while (requests.taken() < least) {
            Thread.sleep(5);
        }
    }

    @Test
    void doesNotReadAChunkBeyondTheBodyLimit() throws Exception {
        server.close();
        requests = new HeapBudget("requests", 64 * MIB);
        server = new ServerFixture(model, ServerFixture.DEFAULTS,
                new HeapShares(requests, requests, CONNECTIONS));
        List<String> large = answer(whole(
                "POST /embed HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n"
                        + "a".repeat(2_100_000)));
        assertThat(large.getFirst()).isEqualTo("HTTP/1.1 413 Request Entity Too Large");
        assertThat(large.getLast()).contains("more than 2000000 bytes");
    }

    @Test
    void refusesMalformedChunks() throws Exception {
        List<String> refused = answer(whole(
                "POST /embed HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "xyz\r\n{}\r\n0\r\n\r\n"));
        assertThat(refused.getFirst()).isEqualTo("HTTP/1.1 400 Bad Request");
        assertThat(refused.getLast()).contains("body: malformed chunks");
    }

    @Test
    void refusesSmallBodiesWithLargeResultsIfThereIsNoRoom() throws Exception {
        for (String value : List.of("{},", "[[]],", "\"a\",")) {
            HttpResponse<String> refused = server.post("/embed",
                    "{\"inputs\":[" + value.repeat(300_000 / value.length()) + "\"a\"]}");
            assertThat(refused.statusCode()).as(value).isEqualTo(422);
            assertThat(refused.body()).contains("requests: ", "MiB of the heap (expected: at most 4)");
        }
        HttpResponse<String> word = server.post("/embed", "{\"inputs\":\"" + "ﷺ".repeat(20_000) + "\"}");
        assertThat(word.statusCode()).isEqualTo(422);
        assertThat(word.body()).contains("requests: ");
    }

    @Test
    void refusesHeadersWithoutRoom() throws Exception {
        String lines = IntStream.range(1000, 5000).mapToObj(i -> i + ":\r\n").collect(Collectors.joining());
        String half = "POST /embed HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" + lines;
        for (int i = 0; i < 3; i++) {
            open(half);
        }
        awaitRoomTaken(3 * MIB);
        List<String> refused = answer(open(half + "\r\n"));
        assertThat(refused.getFirst()).isEqualTo("HTTP/1.1 429 Too Many Requests");
        assertThat(refused).contains("Retry-After: 1");
        assertThat(refused.getLast()).contains("\"error_type\":\"Overloaded\"");
        assertThat(server.get("/health").statusCode()).isEqualTo(200);
    }

    @Test
    void closesTheConnectionThatIsSilentForLongest() throws Exception {
        Socket first = open("");
        for (int i = 0; i < 2 * CONNECTIONS; i++) {
            open("");
        }
        assertThat(first.getInputStream().read()).isNegative();
        Socket last = open("GET /health HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        assertThat(answer(last).getFirst()).isEqualTo("HTTP/1.1 200 OK");
    }

    @Test
    void keepsAConnectionWhoseRequestIsComputed() throws Exception {
        String text = "word ".repeat(1000);
        String body = "{\"inputs\":[" + ("\"" + text + "\",").repeat(31) + "\"" + text + "\"]}";
        Socket busy = open(
                head("/embed", body.length()).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n") + body);
        while (server.server().accepted() == 0) {
            Thread.sleep(5);
        }
        for (int i = 0; i < 2 * CONNECTIONS; i++) {
            open("");
        }
        assertThat(answer(busy).getFirst()).isEqualTo("HTTP/1.1 200 OK");
    }

    @Test
    void doesNotWaitLongForADiscardedBody() throws Exception {
        long start = System.nanoTime();
        List<String> refused = answer(open(head("/nothing", 100)));
        assertThat(refused.getFirst()).isEqualTo("HTTP/1.1 404 Not Found");
        assertThat(refused).contains("Connection: close");
        // It waits 5 s for a body to discard, but 30 s for one to read.
        assertThat(System.nanoTime() - start).isLessThan(25_000_000_000L);
    }

    @Test
    void logsAClientThatDisconnectsWithinItsBody() throws Exception {
        open(head("/embed", 2_000_000) + "{\"inputs\":").close();
        long until = System.nanoTime() + 30_000_000_000L;
        while (!server.log().contains("\"status\":499")) {
            assertThat(System.nanoTime()).as(server.log()).isLessThan(until);
            Thread.sleep(10);
        }
        assertThat(server.log()).doesNotContain("unexpected");
    }
}
