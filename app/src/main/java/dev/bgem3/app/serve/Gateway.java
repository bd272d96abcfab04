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
 * The way of every request: its route is found, the key is looked at, the endpoint answers or what it threw
 * becomes an answer, and a line is logged.
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
    private final Set<Thread> resting = ConcurrentHashMap.newKeySet();
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

    /** Serves these routes; before the server starts. */
    void serve(List<Route> served) {
        served.forEach(route -> routes.computeIfAbsent(route.path(), _ -> new LinkedHashMap<>())
                .put(route.method(), route));
    }

    /**
     * From now on each answer is the last of its connection, and what is not computed in time is given up.
     */
    void stopping(Duration most) {
        endNanos = System.nanoTime() + most.toNanos();
        stopping = true;
        resting.forEach(Thread::interrupt);
    }

    /** Hands the connection back once the thread that reads ahead is done with it. */
    private void rest(ClientWatch watch) {
        resting.add(Thread.currentThread());
        try {
            if (stopping || !watch.end(IDLE)) {
                throw new CloseConnectionException("Nothing more is expected");
            }
        } catch (InterruptedException e) {
            throw new CloseConnectionException("The server is stopping", e);
        } finally {
            resting.remove(Thread.currentThread());
        }
    }

    private boolean mustEnd() {
        return stopping && System.nanoTime() - endNanos > 0;
    }

    boolean isStopping() {
        return stopping;
    }

    /** The requests that came. */
    long accepted() {
        return accepted.get();
    }

    /** Those of them that are answered, refused, or whose client left. */
    long answered() {
        return answered.get();
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) {
        // A stop may have taken this thread for idle; the mark would close its socket at the next byte.
        Thread.interrupted();
        accepted.incrementAndGet();
        Connection connection = connections.current();
        Exchange exchange = new Exchange(connection, request, response, guard, heap, options, this::mustEnd);
        SequencedMap<String, Route> atPath = routes.get(exchange.path());
        Route route = atPath == null
                ? null
                : atPath.get(exchange.method().equals("HEAD") ? "GET" : exchange.method());
        boolean counted = route != null && route.method().equals("POST");
        if (counted) {
            metrics.requested(route.path());
        }
        try {
            if (stopping) {
                exchange.lastOfConnection();
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
            answered.incrementAndGet();
            log.request(route == null ? UNKNOWN : exchange.method(), route == null ? UNKNOWN : route.path(),
                    exchange.outcome(), exchange.elapsed().toNanos() / 1e6, exchange.work());
        }
        if (exchange.isLastOfConnection()) {
            exchange.drain();
            // Helidon would go on, and take the rest of a body for the next request.
            throw new CloseConnectionException("The connection ends after this answer");
        }
        if (exchange.watch().begun()) {
            connection.answered();
            rest(exchange.watch());
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
            refuse(exchange, route == null ? ErrorShape.TEI : route.errors(), cause);
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
                && !options.apiKey().get().shownBy(exchange.authorization())) {
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
            // There is nobody to answer, or no socket.
            case CLIENT_LEFT, SLOW_CLIENT -> throw new CloseConnectionException(refusal.message(), failure);
            case OVERLOADED -> exchange.header("Retry-After", "1");
            default -> {
                // Nothing beside the answer.
            }
        }
        if (exchange.answered()) {
            throw new CloseConnectionException("failed after the answer had begun", failure);
        }
        exchange.json(refusal.kind().status(), json -> shape.write(json, refusal));
    }
}
