package dev.bgem3.io;

import java.lang.System.Logger.Level;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Logs a failure that may happen again and again without filling the log: the first time with its stack
 * trace, later as one line, at most one a minute, which says how often it happened since the last one.
 * Thread-safe; throws nothing.
 */
public final class RepeatedFailure {
    static final long PAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final QuietLogger logger;
    private final String message;
    private final LongSupplier clock;
    private final ReentrantLock lock = new ReentrantLock();
    private boolean logged;
    private long last;
    /** Since the last line. */
    private long count;

    /**
     * Creates the log of a failure.
     *
     * @param message
     *            says what failed
     */
    public RepeatedFailure(QuietLogger logger, String message) {
        this(logger, message, System::nanoTime);
    }

    /** Creates the log of a failure with another clock than {@link System#nanoTime()}. */
    RepeatedFailure(QuietLogger logger, String message, LongSupplier clock) {
        this.logger = logger;
        this.message = message;
        this.clock = clock;
    }

    /** Logs one more failure as a warning, or only counts it. */
    public void log(Throwable thrown) {
        long now = clock.getAsLong();
        boolean first;
        long times;
        lock.lock();
        try {
            count++;
            first = !logged;
            if (!first && now - last < PAUSE_NANOS) {
                return;
            }
            times = count;
            logged = true;
            last = now;
            count = 0;
        } finally {
            lock.unlock();
        }
        if (first) {
            logger.log(Level.WARNING, message, thrown);
        } else {
            logAgain(times, thrown);
        }
    }

    private void logAgain(long times, Throwable thrown) {
        try {
            logger.log(Level.WARNING, "{0} {1} more times, the last time with {2}", message, times, thrown);
        } catch (OutOfMemoryError _) {
            return; // There is no memory for the arguments.
        }
    }
}
