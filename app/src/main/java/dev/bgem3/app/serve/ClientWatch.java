package dev.bgem3.app.serve;

import io.helidon.common.buffers.DataReader;
import java.time.Duration;

/**
 * Detects that a client disconnects while its request is computed. A thread reads ahead until the end of the
 * stream, or the beginning of the next request, which the connection then finds already read. The connection
 * must not read before that: call {@link #end} first.
 */
final class ClientWatch {
    private final DataReader reader;
    private volatile boolean left;
    private Thread ahead;

    ClientWatch(DataReader reader) {
        this.reader = reader;
    }

    /** Starts the thread, unless it was started. */
    void begin() {
        if (ahead == null) {
            ahead = Thread.ofVirtual().start(() -> {
                try {
                    reader.pullData();
                } catch (RuntimeException _) {
                    left = true; // The end of the stream, or of the connection.
                }
            });
        }
    }

    boolean left() {
        return left;
    }

    boolean begun() {
        return ahead != null;
    }

    /** Waits until the client has sent its next request or left; returns false if it does neither in time. */
    boolean end(Duration timeout) throws InterruptedException {
        return ahead.join(timeout);
    }
}
