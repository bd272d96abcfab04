package dev.bgem3.app.serve;

import io.helidon.common.socket.HelidonSocket;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.http.ServerRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/** The body of one request, read within a size and a time. */
final class RequestBody {
    /** How long a client may take to send a body: at 2 MB a line of 64 KB/s. */
    private static final Duration BODY_LIMIT = Duration.ofSeconds(30);
    /** How long, and how much, is thrown away so that a client which still sends reads why it is refused. */
    private static final Duration DRAIN_LIMIT = Duration.ofSeconds(5);
    private static final long DRAIN_BYTES = 256L << 20;
    private static final int CHUNK_BYTES = 1 << 16;

    private final ServerRequest request;
    private final HelidonSocket socket;
    private final StallGuard guard;
    private final int limit;
    private InputStream in;

    RequestBody(ServerRequest request, HelidonSocket socket, StallGuard guard, int limit) {
        this.request = request;
        this.socket = socket;
        this.guard = guard;
        this.limit = limit;
    }

    /**
     * The whole body.
     *
     * @throws RefusedException
     *             where it is larger than the limit, or is not there in time
     */
    byte[] read() throws IOException {
        long length = request.headers().contentLength().orElse(0);
        if (length > limit) {
            throw tooLarge();
        }
        if (!request.content().hasEntity()) {
            return new byte[0];
        }
        try {
            return guard.run(socket, BODY_LIMIT, () -> read(length > 0 ? (int) length : CHUNK_BYTES));
        } catch (StallGuard.StalledException _) {
            throw new RefusedException(Refusal.Kind.SLOW_CLIENT,
                    "body: not there after " + BODY_LIMIT.toSeconds() + " s");
        }
    }

    private byte[] read(int expected) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream(expected);
        byte[] chunk = new byte[Math.min(CHUNK_BYTES, expected)];
        in = request.content().inputStream();
        for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
            if (body.size() + count > limit) {
                throw tooLarge();
            }
            body.write(chunk, 0, count);
        }
        return body.toByteArray();
    }

    private RefusedException tooLarge() {
        return new RefusedException(Refusal.Kind.TOO_LARGE,
                "body: more than " + limit + " bytes, the server's limit (--payload-limit)");
    }

    /** Throws away what the client still sends, so that it gets to the answer: a reset connection would lose it. */
    void drain() {
        // Who waits for a "100 Continue" sends nothing.
        if (!request.content().hasEntity() || request.headers().containsToken(HeaderValues.EXPECT_100)) {
            return;
        }
        try {
            guard.run(socket, DRAIN_LIMIT, () -> {
                if (in == null) {
                    in = request.content().inputStream();
                }
                byte[] chunk = new byte[CHUNK_BYTES];
                long left = DRAIN_BYTES;
                for (int count = in.read(chunk); count >= 0 && left > 0; count = in.read(chunk)) {
                    left -= count;
                }
                return left;
            });
        } catch (IOException | RuntimeException _) {
            // Whatever became of a body that nobody wants: the connection ends here in any case.
        }
    }
}
