package dev.bgem3.app.stream;

/** Thrown if a line of the input is invalid; the reader knows the line's number. */
public final class LineFaultException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Creates an exception with a message that can follow "line 7: ". */
    public LineFaultException(String fault) {
        super(fault);
    }
}
