package dev.bgem3.text;

import java.io.IOException;
import java.nio.channels.Pipe;
import java.nio.file.FileSystemException;

/** A file could not be opened because the process has reached its limit; the file is not at fault. */
public final class TooManyOpenFilesException extends IOException {
    private static final long serialVersionUID = 1L;

    private TooManyOpenFilesException(IOException cause) {
        super("the process has as many files open as the system allows (the limit is that of ulimit -n)",
                cause);
    }

    /**
     * The failure to open a file, or an exception of this class in its place. The system's own words for it
     * depend on the locale; so this finds out whether something that is no file can be opened.
     */
    public static IOException explain(IOException failure) {
        if (failure.getClass() != FileSystemException.class) {
            return failure; // Java has understood it.
        }
        try {
            Pipe pipe = Pipe.open();
            pipe.source().close();
            pipe.sink().close();
            return failure;
        } catch (IOException | LinkageError _) {
            // The latter where Java itself would have to open a library for the first pipe.
            return new TooManyOpenFilesException(failure);
        }
    }
}
