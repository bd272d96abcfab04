package dev.bgem3.error;

/** Thrown if a model folder or a file in it is missing, malformed or inconsistent with its configuration. */
public final class ModelException extends BgeM3Exception {
    private static final long serialVersionUID = 1L;

    /** Creates an exception whose message describes the whole error. */
    public ModelException(String message) {
        super(message, null);
    }

    /** Creates an exception with a cause that holds more detail. */
    public ModelException(String message, Throwable cause) {
        super(message, cause);
    }
}
