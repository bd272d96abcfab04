package dev.bgem3.app.serve;

import io.helidon.common.socket.HelidonSocket;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;

/**
 * Writes the body of a response. A small body is sent as a whole, with its length; a large one in pieces as
 * it is written, so that it is never completely in memory. No piece may block the server for more than a
 * minute.
 */
final class ResponseStream extends OutputStream {
    /** The maximum size of the buffer for a large response. */
    static final int MAX_BYTES = 1 << 18;
    /** An upper bound on the length of a number and its comma. */
    static final int NUMBER_BYTES = 16;
    private static final int PIECE_BYTES = MAX_BYTES / 2;
    private static final Duration PIECE_LIMIT = Duration.ofMinutes(1);

    private final StallGuard guard;
    private final HelidonSocket socket;
    private final ServerResponse response;
    private final Piece piece = new Piece();
    private OutputStream sink;
    private boolean closed;

    /** A buffer that writes its bytes without copying them. */
    private static final class Piece extends ByteArrayOutputStream {
        Piece() {
            super(1 << 12);
        }

        void moveTo(OutputStream out) throws IOException {
            out.write(buf, 0, count);
            reset();
        }
    }

    ResponseStream(StallGuard guard, HelidonSocket socket, ServerResponse response) {
        this.guard = guard;
        this.socket = socket;
        this.response = response;
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[]{(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        piece.write(bytes, offset, length);
        if (piece.size() >= PIECE_BYTES) {
            send();
        }
    }

    private void send() throws IOException {
        if (sink == null) {
            sink = response.outputStream();
        }
        guard.run(socket, PIECE_LIMIT, () -> {
            piece.moveTo(sink);
            return piece;
        });
    }

    /** Sends the rest; closing again does nothing. */
    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        if (sink == null) {
            guard.run(socket, PIECE_LIMIT, () -> {
                response.send(piece.toByteArray());
                return piece;
            });
            return;
        }
        send();
        guard.run(socket, PIECE_LIMIT, () -> {
            sink.close();
            if (response instanceof RoutingResponse routed) {
                // Otherwise Helidon ends the response only after its handler returns, which may wait until
                // the client's next request.
                routed.commit();
            }
            return piece;
        });
    }
}
