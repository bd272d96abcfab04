package dev.bgem3.error;

/**
 * Text that is not JSON, with the line and column of the fault; or a value of another type than its reader
 * expects, with its key.
 */
public final class JsonException extends BgeM3Exception {
    private static final long serialVersionUID = 1L;

    /** An error that the message describes whole. */
    public JsonException(String message) {
        super(message, null);
    }

    /** An error with its cause, where another exception has more to say. */
    public JsonException(String message, Throwable cause) {
        super(message, cause);
    }
}
