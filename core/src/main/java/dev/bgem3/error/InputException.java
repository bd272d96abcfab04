package dev.bgem3.error;

/** Thrown if this model cannot process a text or a request. */
public final class InputException extends BgeM3Exception {
    private static final long serialVersionUID = 1L;

    /** Creates an exception whose message describes the whole error. */
    public InputException(String message) {
        super(message, null);
    }

    /** Creates an exception with a cause that holds more detail. */
    public InputException(String message, Throwable cause) {
        super(message, cause);
    }
}
