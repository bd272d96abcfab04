package dev.bgem3.app.stream;

/**
 * An input that cannot be read or a result that cannot be written; the message names the file and the fault.
 */
public sealed class StreamException extends RuntimeException permits ReaderGoneException {
    private static final long serialVersionUID = 1L;

    /** An error that the message describes whole. */
    public StreamException(String message) {
        super(message);
    }

    /** An error with its cause. */
    public StreamException(String message, Throwable cause) {
        super(message, cause);
    }
}
