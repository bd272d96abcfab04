package dev.bgem3.app.stream;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * The process's standard streams.
 *
 * @param in
 *            standard input
 * @param out
 *            standard output, only for results
 * @param err
 *            standard error, for messages, warnings and progress
 * @param progressAfter
 *            how long work runs before its progress is shown on {@code err}; empty if it is not a terminal,
 *            so that progress is never shown
 */
public record Streams(InputStream in, OutputStream out, PrintStream err, Optional<Duration> progressAfter) {
    /** The maximum width of a progress line. */
    public static final int PROGRESS_COLUMNS = 79;
    /** Erases a progress line; invisible if there is none. */
    public static final String WIPE = "\r" + " ".repeat(PROGRESS_COLUMNS) + "\r";

    /** Prints a message to standard error on a separate line, even while progress is shown. */
    public void say(String message) {
        err.print((progressAfter.isPresent() ? WIPE : "") + "bgem3: " + message + System.lineSeparator());
        err.flush();
    }

    /**
     * Converts a file name to a path.
     *
     * @throws StreamException
     *             if the name is invalid
     */
    static Path path(String file) {
        try {
            return Path.of(file);
        } catch (InvalidPathException e) {
            throw new StreamException(file + ": not a file name: " + e.getReason(), e);
        }
    }
}
