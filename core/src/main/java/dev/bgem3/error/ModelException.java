package dev.bgem3.error;

/**
 * A model folder or one of its files cannot be used: missing, malformed, or at odds with its configuration.
 */
public final class ModelException extends BgeM3Exception {
    private static final long serialVersionUID = 1L;

    /** An error that the message describes whole. */
    public ModelException(String message) {
        super(message, null);
    }

    /** An error with its cause, where another exception has more to say. */
    public ModelException(String message, Throwable cause) {
        super(message, cause);
    }
}
