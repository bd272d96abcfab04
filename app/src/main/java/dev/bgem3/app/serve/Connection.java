package dev.bgem3.app.serve;

import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.common.task.InterruptableTask;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.ProxyProtocolData;
import io.helidon.webserver.Router;
import io.helidon.webserver.spi.ServerConnection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.function.Function;

/**
 * A client's connection, between the socket and Helidon's HTTP/1.1. It reserves the heap that Helidon and
 * this server need for the bytes that arrive, limits the time for headers, and knows whether it is waiting
 * for the client.
 */
final class Connection implements ConnectionContext, ServerConnection, InterruptableTask<Void> {
    /** The length of headers that each connection's share covers, so that plain requests need no more. */
    static final int FREE_HEAD_BYTES = 512;
    /** Helidon creates objects for each header; measured with headers of two letters and no value. */
    private static final int HEAD_FACTOR = 40;
    /** The array that a body is read into is at most twice as long as the bytes that have arrived. */
    private static final int BODY_FACTOR = 2;
    /** Helidon's overhead for each read of the socket, which may be of a single byte. */
    private static final int READ_BYTES = 80;
    /** Helidon reads 8 KiB at a time, some of which may belong to the next request. */
    private static final int AHEAD_BYTES = 1 << 14;
    private static final Duration HEAD_LIMIT = Duration.ofSeconds(30);

    /** What the arriving bytes belong to. */
    private enum Phase {
        /** A request's first line and headers. */
        HEAD,
        /** A body that is being read into memory. */
        BODY,
        /** A body that is discarded, or the next request. */
        OTHER
    }

    private final ConnectionContext client;
    private final Connections all;
    private final HeapBudget.Lease head;
    private final StallGuard guard;
    private final DataReader reader = DataReader.create(this::next);
    private final ServerConnection http;
    private volatile Phase phase = Phase.HEAD;
    private volatile long waitingSince;
    private long headBegan;
    private long bytes;
    private int reads;
    private HeapBudget.Lease body;
    private int bodyLimit;

    Connection(ConnectionContext client, Function<ConnectionContext, ServerConnection> http, Connections all,
            HeapBudget.Lease head, StallGuard guard) {
        this.client = client;
        this.all = all;
        this.head = head;
        this.guard = guard;
        this.http = http.apply(this);
    }

    @Override
    public void handle(Limit limit) throws InterruptedException {
        try {
            all.enter(this);
            http.handle(limit);
        } finally {
            all.leave(this);
            head.close();
        }
    }

    /** Returns whether the connection is waiting for the client to send. */
    boolean isWaiting() {
        return waitingSince != 0;
    }

    /** Returns how long it has been waiting, in nanoseconds. */
    long waited(long now) {
        return now - waitingSince;
    }

    /** Closes the socket, which ends the thread that waits for it. */
    void end() {
        try {
            client.serverSocket().close();
        } catch (UncheckedIOException _) {
            // The client has already closed it.
        }
    }

    private void waiting() {
        waitingSince = System.nanoTime() | 1;
    }

    /**
     * Call after the headers are read, before the handler continues.
     *
     * @throws RefusedException
     *             if there is no room for the headers
     */
    void headRead() {
        phase = Phase.OTHER;
        waitingSince = 0;
        // The unread bytes belong to the body.
        holdHead(bytes - reader.available());
    }

    /**
     * Call before a body of at most {@code limit} bytes is read.
     *
     * @param lease
     *            reserves the heap for the body
     */
    void bodyBegins(HeapBudget.Lease lease, int limit) {
        body = lease;
        bodyLimit = limit;
        bytes = 0;
        reads = 0;
        phase = Phase.BODY;
        arrived(reader.available(), 0);
    }

    void bodyEnds() {
        phase = Phase.OTHER;
    }

    /** Returns the number of bytes of the body that have arrived. */
    long bodyBytes() {
        return bytes;
    }

    /** Call after the request is answered if another thread is already waiting for the next one. */
    void answered() {
        waiting();
    }

    /** Call before the next request; bytes not yet read belong to its headers. */
    void nextHead() {
        waitingSince = 0;
        head.close();
        bytes = reader.available();
        reads = 0;
        headBegan = System.nanoTime();
        phase = Phase.HEAD;
    }

    /** Discards this number of bytes, and waits for them if necessary. */
    void discard(long count) {
        for (long left = count; left > 0;) {
            reader.ensureAvailable();
            int there = (int) Math.min(left, reader.available());
            reader.skip(there);
            left -= there;
        }
    }

    private byte[] next() {
        DataReader in = client.dataReader();
        switch (phase) {
            case HEAD -> moreOfHead(in);
            case BODY -> await(in::ensureAvailable);
            // May be called by the thread that detects disconnects while a request is computed.
            case OTHER -> in.ensureAvailable();
        }
        byte[] came = in.readBytes(in.available());
        if (phase != Phase.OTHER) {
            arrived(came.length, reader.available());
        }
        return came;
    }

    private void await(Runnable read) {
        waiting();
        read.run();
        waitingSince = 0;
    }

    /** Waits for more headers. All bytes that have arrived so far belong to them. */
    private void moreOfHead(DataReader in) {
        if (bytes == 0) {
            await(in::ensureAvailable);
            headBegan = System.nanoTime();
            return;
        }
        try {
            holdHead(bytes);
        } catch (RefusedException e) {
            throw RequestException.builder().type(EventType.OTHER).status(Status.TOO_MANY_REQUESTS_429)
                    .header(HeaderValues.create(HeaderNames.RETRY_AFTER, "1")).setKeepAlive(false)
                    .message(e.getMessage()).cause(e).build();
        }
        Duration left = HEAD_LIMIT.minusNanos(System.nanoTime() - headBegan);
        await(() -> {
            try {
                guard.run(client.serverSocket(), left, () -> {
                    in.ensureAvailable();
                    return in;
                });
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (StallGuard.StalledException e) {
                throw new CloseConnectionException(
                        "no complete headers after " + HEAD_LIMIT.toSeconds() + " s", e);
            }
        });
    }

    private void holdHead(long length) {
        if (length > FREE_HEAD_BYTES) {
            head.resize((length - FREE_HEAD_BYTES) * HEAD_FACTOR + (long) reads * READ_BYTES);
        }
    }

    /**
     * Counts bytes that arrived, and reserves the heap for those of a body.
     *
     * @param unread
     *            the number of earlier bytes that Helidon has not returned yet
     */
    private void arrived(int count, int unread) {
        if (count == 0) {
            return;
        }
        bytes += count;
        reads++;
        if (phase == Phase.BODY) {
            // Helidon reads a whole chunk before it returns its first byte.
            if ((long) unread + count > (long) bodyLimit + AHEAD_BYTES) {
                throw RequestBody.tooLarge(bodyLimit);
            }
            body.resize(bytes * BODY_FACTOR + (long) reads * READ_BYTES);
        }
    }

    @Override
    public DataReader dataReader() {
        return reader;
    }

    @Override
    public Duration idleTime() {
        return http.idleTime();
    }

    @Override
    public void close(boolean interrupt) {
        http.close(interrupt);
    }

    @Override
    public boolean canInterrupt() {
        return http instanceof InterruptableTask<?> task && task.canInterrupt();
    }

    @Override
    public DataWriter dataWriter() {
        return client.dataWriter();
    }

    @Override
    public ListenerContext listenerContext() {
        return client.listenerContext();
    }

    @Override
    public ExecutorService executor() {
        return client.executor();
    }

    @Override
    public Router router() {
        return client.router();
    }

    @Override
    public Optional<ProxyProtocolData> proxyProtocolData() {
        return client.proxyProtocolData();
    }

    @Override
    public HelidonSocket serverSocket() {
        return client.serverSocket();
    }

    @Override
    public PeerInfo remotePeer() {
        return client.remotePeer();
    }

    @Override
    public PeerInfo localPeer() {
        return client.localPeer();
    }

    @Override
    public boolean isSecure() {
        return client.isSecure();
    }

    @Override
    public String socketId() {
        return client.socketId();
    }

    @Override
    public String childSocketId() {
        return client.childSocketId();
    }
}
