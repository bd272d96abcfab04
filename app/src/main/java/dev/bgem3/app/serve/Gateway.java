package dev.bgem3.app.serve;

import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Routes a request, checks its API key, maps exceptions to responses and logs it.
 */
final class Gateway implements Handler {
    private static final String UNKNOWN = "unknown";
    private static final int OK = 200;
    private static final Duration IDLE = Duration.ofSeconds(75);

    private final Map<String, SequencedMap<String, Route>> routes = new LinkedHashMap<>();
    private final ServeOptions options;
    private final StallGuard guard;
    private final AccessLog log;
    private final Metrics metrics;
    private final Connections connections;
    private final HeapShares heap;
    private final AtomicLong accepted = new AtomicLong();
    private final AtomicLong answered = new AtomicLong();
    private final Set<Thread> idleThreads = ConcurrentHashMap.newKeySet();
    private volatile boolean stopping;
    private volatile long endNanos;

    Gateway(ServeOptions options, StallGuard guard, Connections connections, HeapShares heap,
            Metrics metrics, AccessLog log) {
        this.metrics = metrics;
        this.connections = connections;
        this.heap = heap;
        this.options = options;
        this.guard = guard;
        this.log = log;
    }

    /** Adds routes; call it before the server starts. */
    void serve(List<Route> served) {
        served.forEach(route -> routes.computeIfAbsent(route.path(), _ -> new LinkedHashMap<>())
                .put(route.method(), route));
    }

    /** Begins to stop: closes each connection after its next response, and cancels late computations. */
    void stopping(Duration timeout) {
        endNanos = System.nanoTime() + timeout.toNanos();
        stopping = true;
        idleThreads.forEach(Thread::interrupt);
    }

    /** Waits until the thread that reads ahead no longer uses the connection. */
    private void awaitNextRequest(ClientWatch watch) {
        idleThreads.add(Thread.currentThread());
        try {
            if (stopping || !watch.end(IDLE)) {
                throw new CloseConnectionException("No further request");
            }
        } catch (InterruptedException e) {
            throw new CloseConnectionException("The server is stopping", e);
        } finally {
            idleThreads.remove(Thread.currentThread());
        }
    }

    private boolean mustEnd() {
        return stopping && System.nanoTime() - endNanos > 0;
    }

    boolean isStopping() {
        return stopping;
    }

    /** Returns the number of requests received. */
    long accepted() {
        return accepted.get();
    }

    /** Returns the number of requests that are answered or refused, or whose client disconnected. */
    long answered() {
        return answered.get();
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) {
        // A stop may have interrupted this thread as idle; the flag would close its socket at the next byte.
        Thread.interrupted();
        accepted.incrementAndGet();
        Connection connection = connections.current();
        Exchange exchange = new Exchange(connection, request, response, guard, heap, options, this::mustEnd);
        SequencedMap<String, Route> atPath = routes.get(Route.path(exchange.path()));
        Route route = atPath == null
                ? null
                : atPath.get(exchange.method().equals("HEAD") ? "GET" : exchange.method());
        boolean counted = route != null && route.method().equals("POST");
        if (counted) {
            metrics.requested(route.path());
        }
        try {
            if (stopping) {
                exchange.closeAfterResponse();
            }
            serve(exchange, atPath, route);
            if (counted && exchange.outcome() == OK) {
                metrics.succeeded(route.path(), exchange.elapsed(), exchange.work());
            }
        } catch (RuntimeException e) {
            if (exchange.outcome() == OK) {
                exchange.outcome(Refusal.Kind.CLIENT_LEFT.status());
            }
            throw e;
        } finally {
            exchange.end();
            if (exchange.loneSurrogates() > 0) {
                metrics.loneSurrogates(exchange.loneSurrogates());
                log.loneSurrogates(exchange.loneSurrogates());
            }
            answered.incrementAndGet();
            log.request(route == null ? UNKNOWN : exchange.method(), route == null ? UNKNOWN : route.path(),
                    exchange.outcome(), exchange.elapsed().toNanos() / 1e6, exchange.work());
        }
        if (exchange.closesAfterResponse()) {
            exchange.drain();
            // Otherwise Helidon would parse the rest of a body as the next request.
            throw new CloseConnectionException("The connection closes after this response");
        }
        if (exchange.watch().begun()) {
            connection.answered();
            awaitNextRequest(exchange.watch());
        }
        connection.nextHead();
    }

    private void serve(Exchange exchange, SequencedMap<String, Route> atPath, Route route) {
        try {
            exchange.begin();
            check(exchange, atPath, route);
            route.endpoint().answer(exchange);
        } catch (CloseConnectionException e) {
            throw e;
        } catch (Exception | OutOfMemoryError e) {
            Throwable cause = e instanceof CompletionException ? e.getCause() : e;
            refuse(exchange, route == null ? ErrorShape.of(exchange.path()) : route.errors(), cause);
        }
    }

    private void check(Exchange exchange, SequencedMap<String, Route> atPath, Route route) {
        if (atPath == null) {
            throw new RefusedException(Refusal.Kind.NOT_FOUND,
                    "no such route (GET /openapi.json lists them)");
        }
        if (route == null) {
            String allowed = String.join(", ", atPath.sequencedKeySet());
            exchange.header("Allow", allowed);
            throw new RefusedException(Refusal.Kind.METHOD, "method not allowed (expected: " + allowed + ")");
        }
        if (!route.open() && options.apiKey().isPresent()
                && !options.apiKey().get().isIn(exchange.authorization())) {
            exchange.header("WWW-Authenticate", "Bearer");
            throw new RefusedException(Refusal.Kind.UNAUTHORIZED,
                    "API key missing or wrong (expected: Authorization: Bearer KEY)");
        }
    }

    private void refuse(Exchange exchange, ErrorShape shape, Throwable failure) {
        Refusal refusal = Refusal.of(failure);
        exchange.outcome(refusal.kind().status());
        metrics.failed(refusal.kind().name().toLowerCase(Locale.ROOT));
        if (refusal.kind() == Refusal.Kind.UNEXPECTED) {
            log.unexpected(failure);
        }
        switch (refusal.kind()) {
            // The client or the socket is gone.
            case CLIENT_LEFT, SLOW_CLIENT -> throw new CloseConnectionException(refusal.message(), failure);
            case OVERLOADED -> exchange.header("Retry-After", "1");
            default -> {
                // No further headers.
            }
        }
        if (exchange.answered()) {
            throw new CloseConnectionException("failed after the response had begun", failure);
        }
        exchange.json(refusal.kind().status(), json -> shape.write(json, refusal));
    }
}
