package dev.bgem3.error;

/** Thrown if the caller cancelled the work before it was done. */
public final class CancelledException extends BgeM3Exception {
    private static final long serialVersionUID = 1L;

    /** Creates an exception whose message describes the whole error. */
    public CancelledException(String message) {
        super(message, null);
    }
}
