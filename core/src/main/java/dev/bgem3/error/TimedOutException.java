package dev.bgem3.error;

/** A request was not answered in the time that it had. */
public final class TimedOutException extends BgeM3Exception {
    private static final long serialVersionUID = 1L;

    /** An error that the message describes whole. */
    public TimedOutException(String message) {
        super(message, null);
    }
}
