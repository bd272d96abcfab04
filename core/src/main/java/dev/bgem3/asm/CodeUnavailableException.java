package dev.bgem3.asm;

/**
 * Thrown where assembled code cannot run: on another processor, or where executable memory or native access
 * is denied.
 */
public final class CodeUnavailableException extends UnsupportedOperationException {
    private static final long serialVersionUID = 1L;

    /** Says why. */
    public CodeUnavailableException(String reason) {
        super(reason);
    }

    CodeUnavailableException(String reason, Throwable cause) {
        super(reason, cause);
    }
}
