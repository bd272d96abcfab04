package dev.bgem3.asm;

/**
 * Thrown if assembled code cannot run: on another processor, or if executable memory or native access is
 * denied.
 */
public final class CodeUnavailableException extends UnsupportedOperationException {
    private static final long serialVersionUID = 1L;

    /** Creates an exception with the reason as its message. */
    public CodeUnavailableException(String reason) {
        super(reason);
    }

    CodeUnavailableException(String reason, Throwable cause) {
        super(reason, cause);
    }
}
