package dev.bgem3.error;

/** The kernels, the precision or the device asked for are not available on this machine. */
public sealed class BackendException extends BgeM3Exception
        permits OutOfDeviceMemoryException, DeviceLostException, MissingModuleException {
    private static final long serialVersionUID = 1L;

    /** An error that the message describes whole. */
    public BackendException(String message) {
        super(message, null);
    }

    /** An error with its cause, where another exception has more to say. */
    public BackendException(String message, Throwable cause) {
        super(message, cause);
    }
}
