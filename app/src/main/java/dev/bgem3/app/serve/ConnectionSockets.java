package dev.bgem3.app.serve;

import io.helidon.http.HttpPrologue;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1ConnectionListener;

/**
 * Knows the connection of the request that a thread serves: a connection has one thread for all its life, which tells this listener of each
 * request before it is routed. Handlers are not given it, and without it nobody sees a client leave.
 */
final class ConnectionSockets implements Http1ConnectionListener {
    private final ThreadLocal<ConnectionContext> connections = new ThreadLocal<>();

    @Override
    public void prologue(ConnectionContext connection, HttpPrologue prologue) {
        connections.set(connection);
    }

    ConnectionContext current() {
        return connections.get();
    }
}
