package dev.bgem3.app.serve;

import io.helidon.common.buffers.DataReader;
import java.time.Duration;

/**
 * Sees a client leave while its request is computed: a thread reads ahead, and meets the end of the stream,
 * or the beginning of the next request, which the connection then finds read. Until it has, the connection
 * must not read: {@link #end} comes first.
 */
final class ClientWatch {
    private final DataReader reader;
    private volatile boolean left;
    private Thread ahead;

    ClientWatch(DataReader reader) {
        this.reader = reader;
    }

    /** Begins, once. */
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

    /** Waits until the client has sent its next request or left; false where it does neither for so long. */
    boolean end(Duration most) throws InterruptedException {
        return ahead.join(most);
    }
}
