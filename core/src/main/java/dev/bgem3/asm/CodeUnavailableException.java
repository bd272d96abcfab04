package dev.bgem3.asm;

/** Assembled code cannot run here: another processor, executable memory denied, or native access not enabled. */
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
