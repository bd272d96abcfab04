package dev.bgem3.error;

/** Thrown if the requested kernels, precision or device are not available on this machine. */
public sealed class BackendException extends BgeM3Exception
        permits OutOfDeviceMemoryException, DeviceLostException, MissingModuleException {
    private static final long serialVersionUID = 1L;

    /** Creates an exception whose message describes the whole error. */
    public BackendException(String message) {
        super(message, null);
    }

    /** Creates an exception with a cause that holds more detail. */
    public BackendException(String message, Throwable cause) {
        super(message, cause);
    }
}
