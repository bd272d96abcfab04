package dev.bgem3.app.serve;

import io.helidon.common.buffers.DataReader;
import io.helidon.http.HeaderValues;
import io.helidon.http.RequestException;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;

/** The body of a request, read with limits on its size and time. */
final class RequestBody {
    /** The time limit for sending a body: for 2 MB it takes a connection of 64 KB/s. */
    private static final Duration BODY_LIMIT = Duration.ofSeconds(30);
    /** The limits for discarding a body, so that a client that is still sending reads the response. */
    private static final Duration DRAIN_LIMIT = Duration.ofSeconds(5);
    private static final long DRAIN_BYTES = 256L << 20;
    private static final int FIRST_BYTES = 1 << 13;

    private final ServerRequest request;
    private final Connection connection;
    private final StallGuard guard;
    private final int limit;
    private final long length;
    private boolean begun;
    private boolean whole;

    RequestBody(ServerRequest request, Connection connection, StallGuard guard, int limit) {
        this.request = request;
        this.connection = connection;
        this.guard = guard;
        this.limit = limit;
        length = request.headers().contentLength().orElse(0);
        whole = !request.content().hasEntity();
    }

    /**
     * Reads the whole body.
     *
     * @param lease
     *            reserves the heap for it
     * @throws RefusedException
     *             if the body exceeds the limit, has no room in the heap, or does not arrive in time
     */
    byte[] read(HeapBudget.Lease lease) {
        if (length > limit) {
            throw tooLarge(limit);
        }
        if (whole) {
            return new byte[0];
        }
        begun = true;
        try {
            connection.bodyBegins(lease, limit);
            byte[] body = guard.run(connection.serverSocket(), BODY_LIMIT, this::read);
            whole = true;
            return body;
        } catch (StallGuard.StalledException _) {
            throw new RefusedException(Refusal.Kind.SLOW_CLIENT,
                    "body: did not arrive within " + BODY_LIMIT.toSeconds() + " s");
        } catch (RequestException | NumberFormatException _) {
            throw new RefusedException(Refusal.Kind.SYNTAX,
                    "body: malformed chunks (expected: HTTP/1.1's chunked encoding)");
        } catch (IOException | UncheckedIOException | CloseConnectionException
                | DataReader.InsufficientDataAvailableException _) {
            throw new RefusedException(Refusal.Kind.CLIENT_LEFT, "the client left");
        } finally {
            connection.bodyEnds();
        }
    }

    /** Allocates at most twice the bytes that have arrived: an announced length alone takes no memory. */
    private byte[] read() throws IOException {
        InputStream in = request.content().inputStream();
        byte[] body = new byte[0];
        int size = 0;
        while (true) {
            if (size == body.length) {
                int next = in.read();
                if (next < 0) {
                    return body;
                }
                if (size == limit) {
                    throw tooLarge(limit);
                }
                body = Arrays.copyOf(body, capacity(size));
                body[size++] = (byte) next;
            } else {
                int count = in.read(body, size, body.length - size);
                if (count < 0) {
                    return Arrays.copyOf(body, size);
                }
                size += count;
            }
        }
    }

    private int capacity(int size) {
        long max = length > size ? length : limit;
        return (int) Math.min(max, Math.max(FIRST_BYTES, 2L * size));
    }

    static RefusedException tooLarge(int limit) {
        return new RefusedException(Refusal.Kind.TOO_LARGE,
                "body: more than " + limit + " bytes, the server's limit (--payload-limit)");
    }

    /** Returns whether none of it is left on the connection. */
    boolean isRead() {
        return whole;
    }

    /**
     * Discards what the client still sends, so that it reads the response; a reset connection would lose it.
     */
    void drain() {
        // A client that waits for a "100 Continue" sends nothing.
        if (whole || request.headers().containsToken(HeaderValues.EXPECT_100)) {
            return;
        }
        long arrived = begun ? connection.bodyBytes() - connection.dataReader().available() : 0;
        try {
            guard.run(connection.serverSocket(), DRAIN_LIMIT, () -> {
                // The end of a chunked body is unknown without decoding it: discard until the client closes.
                connection.discard(Math.min(DRAIN_BYTES, length > 0 ? length - arrived : DRAIN_BYTES));
                return connection;
            });
        } catch (IOException | RuntimeException _) {
            // Ignored: the connection closes here in any case.
        }
    }
}
