package dev.bgem3.error;

/** Thrown if a request made no progress within its time limit. */
public final class TimedOutException extends BgeM3Exception {
    private static final long serialVersionUID = 1L;

    /** Creates an exception whose message describes the whole error. */
    public TimedOutException(String message) {
        super(message, null);
    }
}
