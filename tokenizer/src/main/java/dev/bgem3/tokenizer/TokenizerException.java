package dev.bgem3.tokenizer;

/** Thrown if a tokenizer file cannot be read or a text is too long; the message says which and why. */
public final class TokenizerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Creates an exception whose message describes the whole error. */
    public TokenizerException(String message) {
        super(message);
    }

    /** Creates an exception with a cause that holds more detail. */
    public TokenizerException(String message, Throwable cause) {
        super(message, cause);
    }
}
