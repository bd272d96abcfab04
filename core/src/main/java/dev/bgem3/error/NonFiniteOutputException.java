package dev.bgem3.error;

/** Thrown if an output contains NaN or an infinity; the message names the text. */
public final class NonFiniteOutputException extends BgeM3Exception {
    private static final long serialVersionUID = 1L;

    /** Creates an exception whose message describes the whole error. */
    public NonFiniteOutputException(String message) {
        super(message, null);
    }
}
