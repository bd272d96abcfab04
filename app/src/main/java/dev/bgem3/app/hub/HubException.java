package dev.bgem3.app.hub;

/** A model cannot be had from the hub, or not be put where it belongs; the message is for a person. */
public final class HubException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An error that the message describes whole. */
    public HubException(String message) {
        super(message);
    }

    /** An error with its cause. */
    public HubException(String message, Throwable cause) {
        super(message, cause);
    }
}
