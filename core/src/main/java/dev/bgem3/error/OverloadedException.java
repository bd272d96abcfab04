package dev.bgem3.error;

/** Thrown if a queue has no room for a request; the same request may be accepted later. */
public final class OverloadedException extends BgeM3Exception {
    private static final long serialVersionUID = 1L;

    /** Creates an exception whose message describes the whole error. */
    public OverloadedException(String message) {
        super(message, null);
    }
}
