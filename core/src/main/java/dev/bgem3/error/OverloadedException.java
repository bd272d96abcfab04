package dev.bgem3.error;

/** A queue has no room for a request at this moment: the same request may be accepted later. */
public final class OverloadedException extends BgeM3Exception {
    private static final long serialVersionUID = 1L;

    /** An error that the message describes whole. */
    public OverloadedException(String message) {
        super(message, null);
    }
}
