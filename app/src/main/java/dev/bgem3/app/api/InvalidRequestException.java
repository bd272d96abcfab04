package dev.bgem3.app.api;

/**
 * Thrown if a request is invalid; the message begins with the field: {@code inputs[2]: a number (expected:
 * …)}.
 */
public final class InvalidRequestException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The kinds of errors. */
    public enum Fault {
        /** It is not JSON, or not UTF-8. */
        SYNTAX,
        /** It has no text, or an empty one. */
        EMPTY,
        /** A field is missing, of another type, or out of range. */
        VALIDATION,
        /** The tokenizer cannot process it, for example for an unknown token id. */
        TOKENIZER
    }

    private final Fault fault;

    /** Creates an exception. */
    public InvalidRequestException(Fault fault, String message) {
        super(message);
        this.fault = fault;
    }

    /** Returns the kind of error. */
    public Fault fault() {
        return fault;
    }
}
