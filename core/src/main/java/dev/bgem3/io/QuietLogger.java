package dev.bgem3.io;

import java.lang.System.Logger.Level;

/**
 * A logger that ignores exceptions of its handlers. The application installs these, and their faults must not
 * end a thread that others wait for. Thread-safe.
 */
public final class QuietLogger {
    private final System.Logger logger;

    private QuietLogger(System.Logger logger) {
        this.logger = logger;
    }

    /** Returns the logger with this name. */
    public static QuietLogger of(String name) {
        return new QuietLogger(System.getLogger(name));
    }

    /** Logs a message in the format of {@link java.text.MessageFormat}. */
    public void log(Level level, String format, Object... parameters) {
        try {
            logger.log(level, format, parameters);
        } catch (Throwable _) {
            // There is nobody to report it to.
            return;
        }
    }

    /** Logs a message and a stack trace. */
    public void log(Level level, String message, Throwable thrown) {
        try {
            logger.log(level, message, thrown);
        } catch (Throwable _) {
            // There is nobody to report it to.
            return;
        }
    }
}
