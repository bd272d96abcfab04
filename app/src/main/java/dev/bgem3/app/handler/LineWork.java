package dev.bgem3.app.handler;

import dev.bgem3.app.stream.LineFaultException;
import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.stream.StreamException;
import dev.bgem3.app.wire.LineParser;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/**
 * Takes an input through some work, a window of lines at a time, so that memory does not grow with the input.
 *
 * @param maxItems
 *            the most lines of a window
 * @param skipBad
 *            whether a line at fault is reported and passed over; else it ends the work, after the lines before it
 * @param err
 *            where such lines are reported
 */
public record LineWork(int maxItems, boolean skipBad, PrintStream err) {
    /** The most lines of a window unless the call says otherwise. */
    public static final int DEFAULT_ITEMS = 512;
    /**
     * A window is closed once it holds so many characters: about 8,000 to 30,000 tokens, whose ColBERT vectors are at most
     * about 120 MiB at BGE-M3's 4 KiB a token.
     */
    private static final int MAX_CHARS = 1 << 15;

    /** Checks the size of a window. */
    public LineWork {
        if (maxItems < 1) {
            throw new IllegalArgumentException("--batch-size: " + maxItems + " (expected: at least 1)");
        }
    }

    /**
     * Reads all lines and hands them on in windows, in order.
     *
     * @param chars
     *            how many characters of text an item has
     * @throws StreamException
     *             where a line is at fault and is not to be skipped
     */
    public <T> void run(LineReader reader, LineParser<T> parser, ToIntFunction<T> chars,
            Consumer<List<T>> work) {
        List<T> window = new ArrayList<>();
        int windowChars = 0;
        long skipped = 0;
        while (true) {
            T item = null;
            boolean fault = false;
            try {
                String line = reader.next();
                item = line == null ? null : parser.parse(line, reader.lineNumber() - 1);
            } catch (LineFaultException e) {
                fault = true;
                skipped++;
                String message = reader.name() + ", line " + reader.lineNumber() + ": " + e.getMessage();
                if (!skipBad) {
                    handOn(window, work);
                    throw new StreamException(message, e);
                }
                err.println("bgem3: " + message + " (skipped)");
            }
            if (fault) {
                continue;
            }
            if (item == null) {
                break;
            }
            window.add(item);
            windowChars += chars.applyAsInt(item);
            if (window.size() >= maxItems || windowChars >= MAX_CHARS) {
                handOn(window, work);
                window = new ArrayList<>();
                windowChars = 0;
            }
        }
        handOn(window, work);
        if (skipped > 0) {
            err.println("bgem3: " + skipped + " of " + reader.lineNumber() + " lines were skipped");
        }
    }

    private static <T> void handOn(List<T> window, Consumer<List<T>> work) {
        if (!window.isEmpty()) {
            work.accept(window);
        }
    }
}
