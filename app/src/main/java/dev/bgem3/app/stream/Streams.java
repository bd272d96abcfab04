package dev.bgem3.app.stream;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * The process's three streams, as a command sees them.
 *
 * @param in
 *            standard input
 * @param out
 *            standard output: results and nothing else
 * @param err
 *            standard error: messages, warnings, progress
 * @param progressAfter
 *            how long work lasts before its progress is worth drawing on {@code err}; empty where no person
 *            reads it, so that it never is
 */
public record Streams(InputStream in, OutputStream out, PrintStream err, Optional<Duration> progressAfter) {
    /** The widest line of progress. */
    public static final int PROGRESS_COLUMNS = 79;
    /** Wipes a line of progress out, and is nothing to see where there is none. */
    public static final String WIPE = "\r" + " ".repeat(PROGRESS_COLUMNS) + "\r";

    /** Says something on standard error, in a line of its own also while progress is drawn. */
    public void say(String message) {
        err.print((progressAfter.isPresent() ? WIPE : "") + "bgem3: " + message + System.lineSeparator());
        err.flush();
    }

    /**
     * The file of a name.
     *
     * @throws StreamException
     *             where no file can have it
     */
    static Path path(String file) {
        try {
            return Path.of(file);
        } catch (InvalidPathException e) {
            throw new StreamException(file + ": not a file name: " + e.getReason(), e);
        }
    }
}
