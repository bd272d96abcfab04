package dev.bgem3.app.stream;

/** Thrown if the reader of standard output closed it, as {@code head} does; this is not a failure. */
public final class ReaderGoneException extends StreamException {
    private static final long serialVersionUID = 1L;

    ReaderGoneException(Throwable cause) {
        super("standard output was closed by its reader", cause);
    }
}
