package dev.bgem3.app.serve;

/** Thrown if the server cannot listen at its address and port. */
public final class ServerStartException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Creates an exception with its cause, or null. */
    public ServerStartException(String message, Throwable cause) {
        super(message, cause);
    }
}
