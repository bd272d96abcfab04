package dev.bgem3.error;

/** A text or a request that this model cannot serve. */
public final class InputException extends BgeM3Exception {
    private static final long serialVersionUID = 1L;

    /** An error that the message describes whole. */
    public InputException(String message) {
        super(message, null);
    }

    /** An error with its cause, where another exception has more to say. */
    public InputException(String message, Throwable cause) {
        super(message, cause);
    }
}
