package dev.bgem3.text;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.file.FileSystemException;

/** A file could not be opened because the process has reached its limit; the file is not at fault. */
public final class TooManyOpenFilesException extends IOException {
    private static final long serialVersionUID = 1L;
    /** Any file that every process may read. Other systems than Unix have no such limit, and no such file. */
    private static final File READABLE = new File("/dev/null");

    private TooManyOpenFilesException(IOException cause) {
        super("the process has as many files open as the system allows (the limit is that of ulimit -n)",
                cause);
    }

    /**
     * The failure to open a file, or an exception of this class in its place. The system's own words for it
     * depend on the locale; so this finds out whether another file can be opened.
     */
    public static IOException explain(IOException failure) {
        return failure.getClass() != FileSystemException.class // Java has understood it.
                || canOpen()
                        ? failure
                        : new TooManyOpenFilesException(failure);
    }

    /**
     * Whether the process can open one more file. Java has loaded all that this needs before it runs any
     * program. Opening something else, such as a pipe, may need a native library, which is a file too; if
     * that cannot be opened, Java never tries again, and the process can open no pipe and no socket any more.
     */
    private static boolean canOpen() {
        try (FileInputStream _ = new FileInputStream(READABLE)) {
            return true;
        } catch (IOException _) {
            return !READABLE.canRead(); // That needs no descriptor.
        }
    }
}
