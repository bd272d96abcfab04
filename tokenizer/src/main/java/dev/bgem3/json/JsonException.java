package dev.bgem3.json;

/**
 * Thrown for text that is not valid JSON, with the position of the error, and for a value of an unexpected
 * type, with its key. Code that reads a file wraps it in its own exception, which names the file.
 */
public final class JsonException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Creates an exception whose message describes the whole error. */
    public JsonException(String message) {
        super(message);
    }

    /** Creates an exception with a cause that holds more detail. */
    public JsonException(String message, Throwable cause) {
        super(message, cause);
    }
}
