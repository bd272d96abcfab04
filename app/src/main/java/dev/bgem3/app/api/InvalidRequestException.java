package dev.bgem3.app.api;

/**
 * A request that cannot be served as it is; the message begins with the field: {@code inputs[2]: a number
 * (expected: …)}.
 */
public final class InvalidRequestException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What is wrong with it. */
    public enum Fault {
        /** It is not JSON, or not UTF-8. */
        SYNTAX,
        /** It asks for nothing: no text, or an empty one. */
        EMPTY,
        /** A field is missing, of another type, or out of range. */
        VALIDATION,
        /** Its token ids or its JSON pass the tokenizer by. */
        TOKENIZER
    }

    private final Fault fault;

    /** An error that the message describes whole. */
    public InvalidRequestException(Fault fault, String message) {
        super(message);
        this.fault = fault;
    }

    /** What is wrong. */
    public Fault fault() {
        return fault;
    }
}
