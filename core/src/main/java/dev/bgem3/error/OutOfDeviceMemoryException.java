package dev.bgem3.error;

/** Thrown if a device does not have enough free memory for the work; a smaller batch may fit. */
public final class OutOfDeviceMemoryException extends BackendException {
    private static final long serialVersionUID = 1L;

    /** Creates an exception whose message describes the whole error. */
    public OutOfDeviceMemoryException(String message) {
        super(message);
    }

    /** Creates an exception with a cause that holds more detail. */
    public OutOfDeviceMemoryException(String message, Throwable cause) {
        super(message, cause);
    }
}
