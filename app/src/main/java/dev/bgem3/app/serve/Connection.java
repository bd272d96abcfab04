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
 * One client's connection. It stands between the socket and Helidon's HTTP: it takes heap for the bytes that come, as many times as
 * Helidon and this server need for them, gives a head a limited time, and knows whether the client is waited for.
 */
final class Connection implements ConnectionContext, ServerConnection, InterruptableTask<Void> {
    /** Bytes of a head that a connection's own share of the heap covers, so that a plain request is read at any time. */
    static final int FREE_HEAD_BYTES = 512;
    /** Measured with heads of many short lines: Helidon keeps an object for each line and each name. */
    private static final int HEAD_FACTOR = 40;
    /** The array that a body is read into has room for at most twice as much as there is. */
    private static final int BODY_FACTOR = 2;
    /** What is kept beside the bytes of a read, which may be a single one. */
    private static final int READ_BYTES = 80;
    /** More than Helidon reads at a time. */
    private static final int AHEAD_BYTES = 1 << 14;
    private static final Duration HEAD_LIMIT = Duration.ofSeconds(30);

    /** What the next bytes are. */
    private enum Phase {
        /** Of a request's first line and headers. */
        HEAD,
        /** Of a body that is being read into memory. */
        BODY,
        /** Of a body that is thrown away, or of the next request. */
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

    /** Whether bytes of the client are waited for. */
    boolean isWaiting() {
        return waitingSince != 0;
    }

    /** How long they have been, in nanoseconds. */
    long waited(long now) {
        return now - waitingSince;
    }

    /** Closes the socket under whoever waits for it. */
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
     * The head is read, and its request answered next.
     *
     * @throws RefusedException
     *             where there is no room for the head
     */
    void headRead() {
        phase = Phase.OTHER;
        waitingSince = 0;
        // What is unread of it is the body's.
        holdHead(bytes - reader.available());
    }

    /**
     * What comes now is a body, of which {@code limit} bytes are read at most.
     *
     * @param lease
     *            what holds the heap for it
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

    /** How many bytes of the body have come. */
    long bodyBytes() {
        return bytes;
    }

    /** The request is answered; nothing but the client's next is waited for, and may be by another thread. */
    void answered() {
        waiting();
    }

    /** The next head begins, with what has come of it already. */
    void nextHead() {
        waitingSince = 0;
        head.close();
        bytes = reader.available();
        reads = 0;
        headBegan = System.nanoTime();
        phase = Phase.HEAD;
    }

    /** Throws away so many bytes. */
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
            // By the thread that sees a client leave, perhaps, while its request is computed.
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

    /** Waits for a head; where some of it has come, all that has is of the head. */
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
     * Counts bytes that came, and takes heap for those of a body.
     *
     * @param unread
     *            the bytes before them that nobody has read yet
     */
    private void arrived(int count, int unread) {
        if (count == 0) {
            return;
        }
        bytes += count;
        reads++;
        if (phase == Phase.BODY) {
            // Helidon reads a chunk whole before anybody sees a byte of it, and may have read on into the next request.
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
