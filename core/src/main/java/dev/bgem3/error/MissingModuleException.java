package dev.bgem3.error;

/** Thrown if a required JDK module is not loaded and the caller has ruled out running without it. */
public final class MissingModuleException extends BackendException {
    private static final long serialVersionUID = 1L;

    /** Creates an exception whose message describes the whole error. */
    public MissingModuleException(String message) {
        super(message);
    }
}
