package dev.bgem3.app.hub;

/** Thrown if a model cannot be downloaded or stored; the message is for the user. */
public final class HubException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Creates an exception with a message that is complete by itself. */
    public HubException(String message) {
        super(message);
    }

    /** Creates an exception with a message and a cause. */
    public HubException(String message, Throwable cause) {
        super(message, cause);
    }
}
