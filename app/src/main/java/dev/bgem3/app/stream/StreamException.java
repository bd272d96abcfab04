package dev.bgem3.app.stream;

/**
 * Thrown if the input cannot be read or the results cannot be written; the message names the file and reason.
 */
public sealed class StreamException extends RuntimeException permits ReaderGoneException {
    private static final long serialVersionUID = 1L;

    /** Creates an exception without a cause. */
    public StreamException(String message) {
        super(message);
    }

    /** Creates an exception with its cause. */
    public StreamException(String message, Throwable cause) {
        super(message, cause);
    }
}
