package dev.bgem3.error;

/** Thrown if a device has failed permanently: every later operation on it in this process fails too. */
public final class DeviceLostException extends BackendException {
    private static final long serialVersionUID = 1L;

    /** Creates an exception whose message describes the whole error. */
    public DeviceLostException(String message) {
        super(message);
    }

    /** Creates an exception with a cause that holds more detail. */
    public DeviceLostException(String message, Throwable cause) {
        super(message, cause);
    }
}
