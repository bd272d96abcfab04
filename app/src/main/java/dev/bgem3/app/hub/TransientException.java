package dev.bgem3.app.hub;

import java.time.Duration;
import java.util.Optional;

/** Thrown if an exchange with the hub failed for a reason that may go away, so that a retry makes sense. */
final class TransientException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean unreachable;
    /** How long the server asks us to wait; transient because {@code Optional} is not serialisable. */
    private final transient Optional<Duration> retryAfter;

    private TransientException(String message, boolean unreachable, Optional<Duration> retryAfter,
            Throwable cause) {
        super(message, cause);
        this.unreachable = unreachable;
        this.retryAfter = retryAfter;
    }

    /** Returns the exception for a broken connection or an inconsistent response. */
    static TransientException broken(String message) {
        return new TransientException(message, false, Optional.empty(), null);
    }

    /** Returns the exception for an exchange that failed with another exception. */
    static TransientException broken(String message, Throwable cause) {
        return new TransientException(message, false, Optional.empty(), cause);
    }

    /** Returns the exception for a connection that could not be established. */
    static TransientException unreachable(String message, Throwable cause) {
        return new TransientException(message, true, Optional.empty(), cause);
    }

    /** Returns the exception for a server that cannot serve the request now. */
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
