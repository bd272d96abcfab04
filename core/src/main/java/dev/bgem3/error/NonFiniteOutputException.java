package dev.bgem3.error;

/** An output held NaN or an infinity; the message names the text it belongs to. */
public final class NonFiniteOutputException extends BgeM3Exception {
    private static final long serialVersionUID = 1L;

    /** An error that the message describes whole. */
    public NonFiniteOutputException(String message) {
        super(message, null);
    }
}
