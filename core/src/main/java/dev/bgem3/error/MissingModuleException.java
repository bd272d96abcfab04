package dev.bgem3.error;

/** A module of Java's own is needed and not loaded, and to do without it was ruled out. */
public final class MissingModuleException extends BackendException {
    private static final long serialVersionUID = 1L;

    /** An error that the message describes whole. */
    public MissingModuleException(String message) {
        super(message);
    }
}
