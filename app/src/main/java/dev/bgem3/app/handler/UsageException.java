package dev.bgem3.app.handler;

/**
 * Arguments are invalid; the message begins with the option: {@code --tokens: 513 (expected:
 * 2..512)}.
 */
public final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An error that the message describes whole. */
    public UsageException(String message) {
        super(message);
    }

    /** An error with its cause. */
    public UsageException(String message, Throwable cause) {
        super(message, cause);
    }
}
