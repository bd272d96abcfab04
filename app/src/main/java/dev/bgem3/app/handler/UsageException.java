package dev.bgem3.app.handler;

/**
 * Thrown if arguments are invalid; the message begins with the option: {@code --tokens: 513 (expected:
 * 2..512)}.
 */
public final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Creates an exception without a cause. */
    public UsageException(String message) {
        super(message);
    }

    /** Creates an exception with its cause. */
    public UsageException(String message, Throwable cause) {
        super(message, cause);
    }
}
