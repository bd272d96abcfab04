package dev.bgem3.io;

import java.lang.System.Logger.Level;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Logs a failure that may happen again and again without filling the log: the first time with its stack
 * trace, later at most once a minute, with the number of failures since the last time, and with a stack trace
 * only if the exception is of another class than the one before. Failures after the last line are not logged
 * if none follows a minute later. Thread-safe; throws nothing.
 */
public final class RepeatedFailure {
    static final long PAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final QuietLogger logger;
    private final String message;
    private final LongSupplier clock;
    private final ReentrantLock lock = new ReentrantLock();
    /** The class of the exception whose stack trace was logged last, or null. */
    private Class<?> traced;
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
        boolean trace;
        long times;
        lock.lock();
        try {
            count++;
            first = traced == null;
            if (!first && now - last < PAUSE_NANOS) {
                return;
            }
            times = count;
            trace = thrown.getClass() != traced;
            traced = thrown.getClass();
            last = now;
            count = 0;
        } finally {
            lock.unlock();
        }
        if (first) {
            logger.log(Level.WARNING, message, thrown);
        } else {
            logAgain(times, thrown, trace);
        }
    }

    private void logAgain(long times, Throwable thrown, boolean trace) {
        try {
            logger.log(Level.WARNING,
                    message + " again; failures since the last line: " + times + "; the latest: " + thrown,
                    trace ? thrown : null);
        } catch (OutOfMemoryError _) {
            return; // There is no memory for the arguments.
        }
    }
}
