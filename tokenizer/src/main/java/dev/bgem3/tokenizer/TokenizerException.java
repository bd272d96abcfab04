package dev.bgem3.tokenizer;

/**
 * A tokenizer file that cannot be read, or an argument that cannot be served; the message says which and why.
 */
public final class TokenizerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An error that the message describes whole. */
    public TokenizerException(String message) {
        super(message);
    }

    /** An error with its cause, where another exception has more to say. */
    public TokenizerException(String message, Throwable cause) {
        super(message, cause);
    }
}
