package dev.bgem3.app.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

/**
 * A response: its headers, and its body as it arrives. Closes a body that stalls.
 *
 * <p>
 * Not thread-safe.
 */
final class HubResponse implements AutoCloseable {
    private static final Pattern CONTENT_RANGE = Pattern
            .compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18}|\\*)");

    private final HttpResponse<InputStream> response;
    private final String where;
    private final Duration stallTimeout;
    private final AtomicLong received = new AtomicLong();
    private final ScheduledFuture<?> watch;
    /** Opened by the first read, because the response to a HEAD request has no body. */
    private InputStream body;
    private volatile boolean stalled;

    HubResponse(HttpResponse<InputStream> response, String where, HubLimits limits,
            ScheduledExecutorService clock) {
        this.response = response;
        this.where = where;
        this.stallTimeout = limits.stallTimeout();
        long nanos = stallTimeout.toNanos();
        AtomicLong before = new AtomicLong();
        this.watch = clock.scheduleAtFixedRate(() -> {
            long now = received.get();
            if (now - before.getAndSet(now) < limits.stallBytes()) {
                stalled = true;
                closeBody();
            }
        }, nanos, nanos, TimeUnit.NANOSECONDS);
    }

    /** Decodes a body, because some servers compress even though the request forbids it. */
    private InputStream decoded(InputStream in) throws IOException {
        String encoding = header("Content-Encoding").toLowerCase(Locale.ROOT);
        return switch (encoding) {
            case "", "identity" -> in;
            case "gzip", "x-gzip" -> new GZIPInputStream(in);
            default -> throw new IOException("a body in the encoding " + HubFiles.printable(encoding));
        };
    }

    private boolean isEncoded() {
        return !header("Content-Encoding").isEmpty()
                && !header("Content-Encoding").equalsIgnoreCase("identity");
    }

    int status() {
        return response.statusCode();
    }

    URI uri() {
        return response.uri();
    }

    HttpHeaders headers() {
        return response.headers();
    }

    /** Returns a header's value, or an empty string. */
    String header(String name) {
        return response.headers().firstValue(name).orElse("");
    }

    /**
     * Returns the announced length of the body, unless the body is compressed and so has another length when
     * read.
     */
    OptionalLong contentLength() {
        return isEncoded() ? OptionalLong.empty() : response.headers().firstValueAsLong("Content-Length");
    }

    /**
     * Checks that the response is the requested range.
     *
     * @throws TransientException
     *             if the range differs, or the size of the whole file does
     */
    void checkRange(long from, long to, long size) throws TransientException {
        Matcher range = CONTENT_RANGE.matcher(header("Content-Range"));
        if (isEncoded() || !range.matches() || Long.parseLong(range.group(1)) != from
                || Long.parseLong(range.group(2)) >= to
                || !range.group(3).equals("*") && Long.parseLong(range.group(3)) != size) {
            throw TransientException.broken(where + " sent another range than requested: "
                    + HubFiles.printable(header("Content-Range")) + " (expected: bytes " + from + "-"
                    + (to - 1)
                    + "/" + size + ")");
        }
    }

    /** Reads some bytes; returns a negative number at the end. */
    int read(byte[] bytes, int most) throws TransientException {
        try {
            if (body == null) {
                body = decoded(new Counted(response.body()));
            }
            return body.read(bytes, 0, most);
        } catch (IOException e) {
            throw fault(e);
        }
    }

    private TransientException fault(IOException e) {
        return stalled
                ? TransientException
                        .broken(where + " has all but stopped sending, for " + HubFiles.seconds(stallTimeout),
                                e)
                : TransientException.broken(
                        where + " broke off: " + HubFiles.printable(String.valueOf(e.getMessage())),
                        e);
    }

    private void closeBody() {
        try {
            response.body().close();
        } catch (IOException e) {
            // We drop the connection anyway, and its reader will get an exception of its own.
            return;
        }
    }

    @Override
    public void close() {
        watch.cancel(false);
        closeBody();
    }

    /** Counts the bytes that arrive over the network, before decompression. */
    private final class Counted extends InputStream {
        private final InputStream in;

        Counted(InputStream in) {
            this.in = in;
        }

        @Override
        public int read() throws IOException {
            int value = in.read();
            received.addAndGet(value < 0 ? 0 : 1);
            return value;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            int count = in.read(bytes, offset, length);
            received.addAndGet(Math.max(count, 0));
            return count;
        }

        @Override
        public int available() throws IOException {
            return in.available();
        }
    }
}
