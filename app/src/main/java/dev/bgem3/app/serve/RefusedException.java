package dev.bgem3.app.serve;

/** Thrown if the server itself refuses a request. */
final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Refusal refusal;

    RefusedException(Refusal.Kind kind, String message) {
        super(message);
        refusal = new Refusal(kind, message);
    }

    Refusal refusal() {
        return refusal;
    }
}
