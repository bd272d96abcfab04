package dev.bgem3.app.serve;

import io.helidon.common.socket.HelidonSocket;
import io.helidon.http.HttpPrologue;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1ConnectionListener;

/**
 * Knows the socket of the request that a thread serves: a connection has one thread for all its life, which tells this listener of each
 * request before it is routed. Handlers are not given it, and without it nobody sees a client leave.
 */
final class ConnectionSockets implements Http1ConnectionListener {
    private final ThreadLocal<HelidonSocket> sockets = new ThreadLocal<>();

    @Override
    public void prologue(ConnectionContext connection, HttpPrologue prologue) {
        sockets.set(connection.serverSocket());
    }

    HelidonSocket current() {
        return sockets.get();
    }
}
