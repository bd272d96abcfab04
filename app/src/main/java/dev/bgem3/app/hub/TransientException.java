package dev.bgem3.app.hub;

import java.time.Duration;
import java.util.Optional;

/** An exchange with the hub failed in a way that may pass: it is worth another attempt. */
final class TransientException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean unreachable;
    /** How long the server asks to be left alone; not kept in a serialised form, which nobody makes. */
    private final transient Optional<Duration> retryAfter;

    private TransientException(String message, boolean unreachable, Optional<Duration> retryAfter,
            Throwable cause) {
        super(message, cause);
        this.unreachable = unreachable;
        this.retryAfter = retryAfter;
    }

    /** An exchange that broke off, or an answer that does not fit the question. */
    static TransientException broken(String message) {
        return new TransientException(message, false, Optional.empty(), null);
    }

    /** An exchange that broke off with an exception. */
    static TransientException broken(String message, Throwable cause) {
        return new TransientException(message, false, Optional.empty(), cause);
    }

    /** No connection came about. */
    static TransientException unreachable(String message, Throwable cause) {
        return new TransientException(message, true, Optional.empty(), cause);
    }

    /** The server answered that it cannot serve now. */
    static TransientException busy(String message, Optional<Duration> retryAfter) {
        return new TransientException(message, false, retryAfter, null);
    }

    boolean isUnreachable() {
        return unreachable;
    }

    Optional<Duration> retryAfter() {
        return retryAfter;
    }
}
