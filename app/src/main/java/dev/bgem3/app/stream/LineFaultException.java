package dev.bgem3.app.stream;

/** What is wrong with one line of the input; which line it is, the reader knows. */
public final class LineFaultException extends Exception {
    private static final long serialVersionUID = 1L;

    /** A fault in words that follow "line 7: ". */
    public LineFaultException(String fault) {
        super(fault);
    }
}
