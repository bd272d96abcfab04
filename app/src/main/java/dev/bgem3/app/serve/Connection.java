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
 * One client's connection, between the socket and Helidon's HTTP/1.1. It takes heap for the bytes that
 * arrive, as much as Helidon and this server need to keep them, limits how long headers may take, and
 * knows whether it waits for the client.
 */
final class Connection implements ConnectionContext, ServerConnection, InterruptableTask<Void> {
    /** Each connection's own share covers so much of the headers: plain requests need no further room. */
    static final int FREE_HEAD_BYTES = 512;
    /** Helidon keeps objects for each header; measured with headers of two letters and no value. */
    private static final int HEAD_FACTOR = 40;
    /** The array that a body is read into is at most twice as long as what has arrived. */
    private static final int BODY_FACTOR = 2;
    /** What Helidon keeps for each read of the socket beside its bytes, which may be a single one. */
    private static final int READ_BYTES = 80;
    /** Helidon reads 8 KiB at a time, some of which may be the next request's. */
    private static final int AHEAD_BYTES = 1 << 14;
    private static final Duration HEAD_LIMIT = Duration.ofSeconds(30);

    /** What the bytes that arrive now belong to. */
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

    /** Whether it waits for the client to send. */
    boolean isWaiting() {
        return waitingSince != 0;
    }

    /** How long it has waited, in nanoseconds. */
    long waited(long now) {
        return now - waitingSince;
    }

    /** Closes the socket, which ends the thread that waits for it. */
    void end() {
        try {
            client.serverSocket().close();
        } catch (UncheckedIOException _) {
            // The client was faster.
        }
    }

    private void waiting() {
        waitingSince = System.nanoTime() | 1;
    }

    /**
     * The headers are read, and a handler takes over.
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
     * From now on the bytes belong to a body, which may have {@code limit} of them.
     *
     * @param lease
     *            takes the heap for them
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

    /** How many bytes of the body have arrived. */
    long bodyBytes() {
        return bytes;
    }

    /** The request is answered, and another thread already waits for the next one. */
    void answered() {
        waiting();
    }

    /** From now on the bytes belong to the next request's headers, as do those that nobody has read. */
    void nextHead() {
        waitingSince = 0;
        head.close();
        bytes = reader.available();
        reads = 0;
        headBegan = System.nanoTime();
        phase = Phase.HEAD;
    }

    /** Discards so many bytes, and waits for them. */
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
            // Perhaps by the thread that watches for the client to leave while its request is computed.
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

    /** Waits for headers. If some bytes have arrived already, all of those belong to the headers. */
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
                throw new CloseConnectionException("no head after " + HEAD_LIMIT.toSeconds() + " s", e);
            }
        });
    }

    private void holdHead(long length) {
        if (length > FREE_HEAD_BYTES) {
            head.resize((length - FREE_HEAD_BYTES) * HEAD_FACTOR + (long) reads * READ_BYTES);
        }
    }

    /**
     * Counts bytes that arrived, and takes the heap for those of a body.
     *
     * @param unread
     *            how many before them Helidon has not handed out yet
     */
    private void arrived(int count, int unread) {
        if (count == 0) {
            return;
        }
        bytes += count;
        reads++;
        if (phase == Phase.BODY) {
            // Helidon reads a whole chunk before it hands out the first byte of it.
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
