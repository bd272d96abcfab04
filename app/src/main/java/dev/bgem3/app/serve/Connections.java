package dev.bgem3.app.serve;

import io.helidon.common.buffers.BufferData;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.util.Comparator;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The open connections. Since this is Helidon's only selector, Helidon calls it for a new connection before
 * any byte has arrived. If there are too many connections, it closes the one whose client has been silent for
 * longest.
 */
final class Connections implements ServerConnectionSelector {
    private final ServerConnectionSelector http;
    private final int maxOpen;
    private final HeapBudget budget;
    private final StallGuard guard;
    private final Set<Connection> open = ConcurrentHashMap.newKeySet();
    /** One thread serves a connection for its whole life, and Helidon does not pass it to handlers. */
    private final ThreadLocal<Connection> current = new ThreadLocal<>();

    /**
     * Creates the set, empty at first.
     *
     * @param http
     *            creates HTTP connections
     * @param maxOpen
     *            the maximum number of open connections
     * @param budget
     *            the heap for long headers
     */
    Connections(ServerConnectionSelector http, int maxOpen, HeapBudget budget, StallGuard guard) {
        this.http = http;
        this.maxOpen = maxOpen;
        this.budget = budget;
        this.guard = guard;
    }

    /** Returns the connection that this thread serves. */
    Connection current() {
        return current.get();
    }

    @Override
    public int bytesToIdentifyConnection() {
        return http.bytesToIdentifyConnection();
    }

    @Override
    public Support supports(BufferData data) {
        return http.supports(data);
    }

    @Override
    public Set<String> supportedApplicationProtocols() {
        return http.supportedApplicationProtocols();
    }

    @Override
    public ServerConnection connection(ConnectionContext client) {
        return new Connection(client, http::connection, this, budget.lease(), guard);
    }

    /** Adds a connection; must be called by its thread. */
    void enter(Connection connection) {
        current.set(connection);
        open.add(connection);
        while (open.size() > maxOpen) {
            long now = System.nanoTime();
            Optional<Connection> silent = open.stream().filter(Connection::isWaiting)
                    .max(Comparator.comparingLong(other -> other.waited(now)));
            if (silent.isEmpty()) {
                throw new CloseConnectionException("all " + maxOpen + " connections are busy");
            }
            open.remove(silent.get());
            silent.get().end();
        }
    }

    void leave(Connection connection) {
        open.remove(connection);
        current.remove();
    }
}
