package dev.bgem3.app.stream;

/** Whoever read the results wants no more of them, as {@code head} does: an end, not a failure. */
public final class ReaderGoneException extends StreamException {
    private static final long serialVersionUID = 1L;

    ReaderGoneException(Throwable cause) {
        super("standard output was closed by its reader", cause);
    }
}
