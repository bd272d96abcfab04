package dev.bgem3.app.hub;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * A local hub with one model, and a second host for its large files. It uses plain sockets so that it can
 * violate HTTP in any way that a test needs.
 */
final class FakeHub implements AutoCloseable {
    static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    static final String NAME = "some/model";
    /** Files of at least this size are in LFS, and therefore on the other host. */
    private static final int LFS_BYTES = 1_000;

    /** A request. */
    record Request(String method, String target, Map<String, String> headers, boolean atHub) {
        String path() {
            return URLDecoder.decode(target.replaceFirst("\\?.*", ""), StandardCharsets.UTF_8);
        }

        String header(String name) {
            return headers.getOrDefault(name.toLowerCase(Locale.ROOT), "");
        }

        boolean isListing() {
            return target.contains("/api/models/");
        }
    }

    /** Answers a request in place of the regular response. */
    interface Reaction {
        void answer(Request request, Wire wire) throws IOException, InterruptedException;
    }

    private record Rule(Predicate<Request> when, AtomicInteger times, Reaction reaction) {}

    final Map<String, byte[]> files = new LinkedHashMap<>();
    final List<Request> requests = new CopyOnWriteArrayList<>();
    final AtomicInteger connections = new AtomicInteger();
    final AtomicInteger mostAtOnce = new AtomicInteger();
    private final AtomicInteger atOnce = new AtomicInteger();
    private final List<Rule> rules = new CopyOnWriteArrayList<>();
    private final Map<Socket, Boolean> sockets = new ConcurrentHashMap<>();
    private final ServerSocket hub;
    private final ServerSocket other;
    volatile boolean withBlobs = true;
    volatile boolean withRanges = true;
    volatile String commit = COMMIT;

    FakeHub() throws IOException {
        hub = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        other = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        Thread.startVirtualThread(() -> accept(hub, true));
        Thread.startVirtualThread(() -> accept(other, false));
        files.put("config.json", "{}".getBytes(StandardCharsets.UTF_8));
        files.put("tokenizer.json", random(5_000, 1));
        files.put("model.safetensors", random(300_000, 2));
    }

    static byte[] random(int length, int seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    String endpoint() {
        return "http://127.0.0.1:" + hub.getLocalPort();
    }

    String otherHost() {
        return "http://127.0.0.1:" + other.getLocalPort();
    }

    /** Uses a reaction for the next {@code times} requests of a kind. */
    void on(Predicate<Request> when, int times, Reaction reaction) {
        rules.add(new Rule(when, new AtomicInteger(times), reaction));
    }

    /** Uses a reaction for all requests of a kind. */
    void always(Predicate<Request> when, Reaction reaction) {
        on(when, Integer.MAX_VALUE, reaction);
    }

    void obey() {
        rules.clear();
    }

    /** Matches requests for the bytes of a large file, which the other host sends. */
    static Predicate<Request> bytes() {
        return request -> !request.atHub();
    }

    static Predicate<Request> resolving(String file) {
        return request -> request.path().endsWith("/resolve/" + COMMIT + "/" + file);
    }

    long asked(Predicate<Request> kind) {
        return requests.stream().filter(kind).count();
    }

    private void accept(ServerSocket server, boolean atHub) {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                connections.incrementAndGet();
                sockets.put(socket, true);
                Thread.startVirtualThread(() -> serve(socket, atHub));
            } catch (IOException e) {
                return; // The hub was closed.
            }
        }
    }

    private void serve(Socket socket, boolean atHub) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            Wire wire = new Wire(socket.getOutputStream());
            while (!socket.isClosed()) {
                Request request = read(in, atHub);
                if (request == null) {
                    return;
                }
                requests.add(request);
                mostAtOnce.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
                try {
                    reaction(request).answer(request, wire);
                } finally {
                    atOnce.decrementAndGet();
                }
                if (wire.ended) {
                    return;
                }
            }
        } catch (IOException | InterruptedException e) {
            return; // The client disconnected, or a reaction closed the connection.
        } finally {
            sockets.remove(socket);
        }
    }

    private Reaction reaction(Request request) {
        for (Rule rule : rules) {
            if (rule.when.test(request) && rule.times.getAndDecrement() > 0) {
                return rule.reaction;
            }
        }
        return this::tellTruth;
    }

    private static Request read(InputStream in, boolean atHub) throws IOException {
        String start = line(in);
        if (start.isEmpty()) {
            return null;
        }
        Map<String, String> headers = new HashMap<>();
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            int colon = line.indexOf(':');
            headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
        }
        String[] words = start.split(" ");
        return new Request(words[0], words[1], headers, atHub);
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    /** Sends the regular response of the hub or of the other host. */
    void tellTruth(Request request, Wire wire) throws IOException {
        String path = request.path().replaceFirst("^http://[^/]*", "");
        if (path.startsWith("/api/models/" + NAME + "/revision/")
                || path.startsWith("/api/models/BAAI/bge-m3/")) {
            wire.head(200).body(listing().getBytes(StandardCharsets.UTF_8));
            return;
        }
        String file = path.replaceFirst("^/(some/model|BAAI/bge-m3)/resolve/[0-9a-f]{40}/", "")
                .replaceFirst("^/signed/", "");
        byte[] content = files.get(file);
        if (content == null) {
            wire.head(404, "X-Error-Code: EntryNotFound").body(new byte[0]);
        } else if (!request.atHub()) {
            send(request, wire, content, "\"opaque\"");
        } else if (content.length >= LFS_BYTES) {
            wire.head(302, "Location: " + otherHost() + "/signed/" + file + "?Signature=secret",
                    "X-Linked-Etag: \"" + digest(content) + "\"", "X-Linked-Size: " + content.length,
                    "X-Repo-Commit: " + commit, "ETag: \"pointer\"").body(new byte[0]);
        } else if (request.method().equals("HEAD")) {
            wire.head(200, "ETag: \"" + digest(content) + "\"", "Content-Length: " + content.length)
                    .body(null);
        } else {
            send(request, wire, content, "W/\"" + digest(content) + "\"");
        }
    }

    /** Sends a file, or the requested range of it. */
    void send(Request request, Wire wire, byte[] content, String etag) throws IOException {
        String range = request.header("Range");
        if (range.isEmpty() || !withRanges) {
            wire.head(200, "ETag: " + etag).body(content);
            return;
        }
        String[] ends = range.substring("bytes=".length()).split("-");
        int from = Integer.parseInt(ends[0]);
        int to = Integer.parseInt(ends[1]) + 1;
        wire.head(206, "ETag: " + etag,
                "Content-Range: bytes " + from + "-" + (to - 1) + "/" + content.length)
                .body(Arrays.copyOfRange(content, from, to));
    }

    private String listing() {
        return "{\"id\":\"" + NAME + "\",\"sha\":\"" + commit + "\",\"gated\":false,\"siblings\":["
                + files.entrySet().stream().map(file -> entry(file.getKey(), file.getValue()))
                        .collect(Collectors.joining(","))
                + "]}";
    }

    private String entry(String path, byte[] content) {
        String name = "{\"rfilename\":\"" + path.replace("\\", "\\\\").replace("\0", "\\u0000") + "\"";
        if (!withBlobs) {
            return name + "}";
        }
        String size = name + ",\"blobId\":\"" + gitDigest(content) + "\",\"size\":" + content.length;
        return content.length < LFS_BYTES
                ? size + "}"
                : size + ",\"lfs\":{\"sha256\":\"" + digest(content) + "\",\"size\":" + content.length
                        + ",\"pointerSize\":135}}";
    }

    /** Returns the name of a file's blob. */
    static String digest(byte[] content) {
        return content.length < LFS_BYTES ? gitDigest(content) : hash("SHA-256", new byte[0], content);
    }

    private static String gitDigest(byte[] content) {
        return hash("SHA-1", ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII), content);
    }

    private static String hash(String algorithm, byte[] before, byte[] content) {
        try {
            MessageDigest digest = MessageDigest.getInstance(algorithm);
            digest.update(before);
            return HexFormat.of().formatHex(digest.digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws IOException {
        hub.close();
        other.close();
        for (Socket socket : sockets.keySet()) {
            socket.close();
        }
    }

    /** The server's end of a connection. */
    final class Wire {
        private final OutputStream out;
        private StringBuilder head = new StringBuilder();
        private boolean ended;
        private int most = Integer.MAX_VALUE;

        Wire(OutputStream out) {
            this.out = out;
        }

        Wire head(int status, String... headers) {
            head = new StringBuilder("HTTP/1.1 " + status + " Words\r\n");
            for (String header : headers) {
                head.append(header).append("\r\n");
            }
            return this;
        }

        /** Sends the headers and a body of the announced length. */
        void body(byte[] body) throws IOException {
            if (body != null) {
                head.append("Content-Length: ").append(body.length).append("\r\n");
            }
            raw(body == null ? new byte[0] : body);
        }

        /** Sends the headers as they are, then these bytes. */
        void raw(byte[] body) throws IOException {
            out.write(head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII));
            head.setLength(0);
            more(body);
        }

        void more(byte[] body) throws IOException {
            out.write(body, 0, Math.min(body.length, most));
            out.flush();
            if (body.length > most) {
                ended = true;
            }
        }

        /** Closes the connection after this many bytes of the next body, if it is longer. */
        void breakAfter(int bytes) {
            most = bytes;
        }

        /** Closes the connection after the response. */
        void end() {
            ended = true;
        }
    }
}
