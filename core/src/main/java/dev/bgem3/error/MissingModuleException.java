package dev.bgem3.error;

/** A module of Java's own is needed and not loaded, and to do without it was ruled out. */
public final class MissingModuleException extends BackendException {
    private static final long serialVersionUID = 1L;

    private final String module;

    /**
     * An error that the message describes whole.
     *
     * @param module
     *            the module's name
     */
    public MissingModuleException(String module, String message) {
        super(message);
        this.module = module;
    }

    /** The module's name. */
    public String module() {
        return module;
    }
}
