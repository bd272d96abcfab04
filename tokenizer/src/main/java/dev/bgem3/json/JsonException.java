package dev.bgem3.json;

/**
 * Text that is not JSON, with the place of the fault; or a value of another type than its reader expects,
 * with its key. Whoever reads a file turns it into an exception of its own, which names the file.
 */
public final class JsonException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An error that the message describes whole. */
    public JsonException(String message) {
        super(message);
    }

    /** An error with its cause, where another exception has more to say. */
    public JsonException(String message, Throwable cause) {
        super(message, cause);
    }
}
