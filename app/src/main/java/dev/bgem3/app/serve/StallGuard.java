package dev.bgem3.app.serve;

import io.helidon.common.socket.HelidonSocket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Keeps a client that neither sends nor reads from blocking a thread forever: closes its socket if a step
 * takes too long, so that the step throws an exception. A socket's own timeout restarts with each byte, and
 * writing has none.
 */
final class StallGuard implements AutoCloseable {
    /** A step that reads or writes. */
    interface Step<T> {
        T run() throws IOException;
    }

    /** Thrown if a step took too long. */
    static final class StalledException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        StalledException(Throwable cause) {
            super(cause);
        }
    }

    private final ScheduledThreadPoolExecutor timer;

    StallGuard() {
        timer = new ScheduledThreadPoolExecutor(1,
                Thread.ofPlatform().name("bgem3-stall-guard").daemon(true).factory());
        timer.setRemoveOnCancelPolicy(true);
        timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /**
     * Runs a step and returns its result.
     *
     * @throws StalledException
     *             if it took longer than {@code limit}; the socket is then closed
     */
    <T> T run(HelidonSocket socket, Duration limit, Step<T> step) throws IOException {
        AtomicBoolean late = new AtomicBoolean();
        ScheduledFuture<?> alarm = timer.schedule(() -> {
            late.set(true);
            close(socket);
        }, limit.toMillis(), TimeUnit.MILLISECONDS);
        try {
            return step.run();
        } catch (IOException | RuntimeException e) {
            if (late.get()) {
                throw new StalledException(e);
            }
            throw e;
        } finally {
            alarm.cancel(false);
        }
    }

    private static void close(HelidonSocket socket) {
        try {
            socket.close();
        } catch (UncheckedIOException _) {
            // The client has already closed it.
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
