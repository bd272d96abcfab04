package dev.bgem3.app.serve;

/** The server cannot listen where it was told to. */
public final class ServerStartException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An error that the message describes whole. */
    public ServerStartException(String message, Throwable cause) {
        super(message, cause);
    }
}
