package dev.bgem3.app.serve;

import dev.bgem3.BgeM3;
import dev.bgem3.EncodeQueue;
import dev.bgem3.QueueOptions;
import dev.bgem3.RerankQueue;
import dev.bgem3.Reranker;
import io.helidon.common.socket.SocketOptions;
import io.helidon.http.DirectHandler;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The HTTP server for a model. {@link #start} starts it; {@link #close} answers the accepted requests first.
 *
 * <p>
 * Thread-safe. It does not own the model.
 */
public final class TextServer implements AutoCloseable {
    /** The time for writing responses after the time for computing is over. */
    private static final Duration WRITE_TIME = Duration.ofSeconds(2);
    private static final Duration STOP_DELAY = Duration.ofMillis(250);
    private static final int BACKLOG = 1024;
    private static final int MIB = 1 << 20;
    private static final int MAX_HEADER_BYTES = 1 << 16;
    /** A strong reference, since a logger that is garbage-collected loses its level. */
    private static final Logger HELIDON = Logger.getLogger("io.helidon");

    private final StallGuard guard = new StallGuard();
    private final Connections connections;
    private final Runnable closeQueue;
    private final Gateway gateway;
    private final WebServer server;
    private final Duration shutdownTimeout;

    private TextServer(ServedModel served, Identity identity, ServeOptions options, PrintStream log,
            HeapShares heap) {
        HELIDON.setLevel(Level.SEVERE);
        Metrics metrics = new Metrics();
        connections = new Connections(
                Http1ConnectionSelector.builder()
                        .config(Http1Config.builder().maxHeadersSize(MAX_HEADER_BYTES).build()).build(),
                heap.connections(), heap.requests(), guard);
        gateway = new Gateway(options, guard, connections, heap, metrics, new AccessLog(log));
        switch (served) {
            case ServedModel.Encoder(BgeM3 model) -> {
                EncodeQueue queue = EncodeQueue.of(model, queueOptions(options, metrics));
                metrics.watch(queue::state);
                closeQueue = queue::close;
                gateway.serve(
                        Routes.of(new TextService(model, queue, options, metrics), model.info(), identity,
                                options, metrics, gateway::isStopping));
            }
            case ServedModel.CrossEncoder(Reranker model) -> {
                RerankQueue queue = RerankQueue.of(model, queueOptions(options, metrics));
                metrics.watch(queue::state);
                closeQueue = queue::close;
                gateway.serve(
                        Routes.of(model, queue, identity, options, metrics, gateway::isStopping));
            }
        }
        server = server(options);
        shutdownTimeout = options.shutdownTimeout();
    }

    private static QueueOptions queueOptions(ServeOptions options, Metrics metrics) {
        QueueOptions.Builder queue = QueueOptions.builder().permits(options.maxConcurrentRequests())
                .timeout(options.requestTimeout()).listener(metrics);
        options.maxBatchTokens().ifPresent(queue::tokenBudget);
        return queue.build();
    }

    /**
     * Starts a server.
     *
     * @param identity
     *            the model's name in responses
     * @param log
     *            gets the access log
     * @throws ServerStartException
     *             if it cannot listen at the address and port
     */
    public static TextServer start(ServedModel model, Identity identity, ServeOptions options,
            PrintStream log) {
        return start(model, identity, options, log, HeapShares.of(Runtime.getRuntime().maxMemory()));
    }

    /** Like {@code start}, with the given division of the heap. */
    static TextServer start(ServedModel model, Identity identity, ServeOptions options, PrintStream log,
            HeapShares heap) {
        requireFree(options);
        TextServer server = new TextServer(model, identity, options, log, heap);
        server.server.start();
        if (!server.server.isRunning()) {
            server.closeQueue.run();
            server.guard.close();
            throw new ServerStartException(
                    "cannot listen on " + options.host() + ":" + options.port()
                            + ": the port was taken meanwhile",
                    null);
        }
        return server;
    }

    /**
     * Checks that this process's heap has room for a body of {@code payloadLimit} bytes.
     *
     * @throws IllegalArgumentException
     *             if it does not
     */
    public static void requireRoom(ServeOptions options) {
        long heap = Runtime.getRuntime().maxMemory();
        long max = HeapShares.largestPayload(heap);
        if (options.payloadLimit() > max) {
            throw new IllegalArgumentException("payloadLimit: " + options.payloadLimit()
                    + " (expected: at most " + max + " with a heap of " + heap / MIB
                    + " MiB, half of which is for requests; BGEM3_JAVA_OPTS=-Xmx"
                    + (heap / MIB * options.payloadLimit() / max + 1) + "m allows that)");
        }
    }

    /** Probes the port so that we can throw, since Helidon only logs bind failures. */
    private static void requireFree(ServeOptions options) {
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(address(options.host()), options.port()));
        } catch (IOException e) {
            throw new ServerStartException("cannot listen on " + options.host() + ":" + options.port() + ": "
                    + e.getMessage().replaceFirst(" \\(Bind failed\\)", ""), e);
        }
    }

    private WebServer server(ServeOptions options) {
        return WebServer.builder().address(address(options.host())).port(options.port()).backlog(BACKLOG)
                .useNio(false)
                .shutdownHook(false).shutdownGracePeriod(options.shutdownTimeout().plus(WRITE_TIME))
                .connectionOptions(SocketOptions.builder().tcpNoDelay(true).build())
                .protocolsDiscoverServices(false).addConnectionSelector(connections)
                .directHandlers(directHandlers())
                .routing(HttpRouting.builder().any(gateway)).build();
    }

    private static InetAddress address(String host) {
        try {
            return InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw new ServerStartException(
                    "--host: " + host + ": no such host (expected: an address of this machine)",
                    e);
        }
    }

    /** Formats the errors that Helidon itself reports, such as an invalid request line. */
    private static DirectHandlers directHandlers() {
        DirectHandlers.Builder handlers = DirectHandlers.builder();
        DirectHandler handler = (_, _, status, headers, message) -> DirectHandler.TransportResponse.builder()
                .status(status).headers(headers).header(HeaderValues.CONTENT_TYPE_JSON).keepAlive(false)
                .entity("{\"error\":\"" + status.reasonPhrase() + "\",\"error_type\":\""
                        + (status.code() == Refusal.Kind.OVERLOADED.status()
                                ? Refusal.Kind.OVERLOADED
                                : Refusal.Kind.VALIDATION).label()
                        + "\"}")
                .build();
        for (EventType type : EventType.values()) {
            handlers.addHandler(type, handler);
        }
        return handlers.build();
    }

    /** Returns the port that the server listens on. */
    public int port() {
        return server.port();
    }

    /** Returns the number of requests received. */
    public long accepted() {
        return gateway.accepted();
    }

    /** Returns the number of requests that are answered or refused, or whose client disconnected. */
    public long answered() {
        return gateway.answered();
    }

    /** Answers the accepted requests within the shutdown timeout, and stops. */
    @Override
    public void close() {
        gateway.stopping(shutdownTimeout);
        try {
            // The next response on a kept-alive connection tells the client to close it.
            Thread.sleep(STOP_DELAY);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        server.stop();
        closeQueue.run();
        guard.close();
    }
}
