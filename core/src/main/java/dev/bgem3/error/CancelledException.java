package dev.bgem3.error;

/** The caller cancelled the work before it was done. */
public final class CancelledException extends BgeM3Exception {
    private static final long serialVersionUID = 1L;

    /** An error that the message describes whole. */
    public CancelledException(String message) {
        super(message, null);
    }
}
