package dev.bgem3.app.handler;

import dev.bgem3.app.stream.LineFaultException;
import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.stream.StreamException;
import dev.bgem3.app.stream.Streams;
import dev.bgem3.app.wire.LineParser;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/**
 * Takes an input through some work, a window of lines at a time, so that memory does not grow with the input.
 *
 * <p>
 * A window ends where the next line is yet to come. It holds at most {@code maxItems} lines, and at most
 * {@value #MAX_TOKENS} tokens by a bound on them (each character one, and two around each text) unless it is
 * a single line. Vectors of BGE-M3 take 4 KiB a token at most, ColBERT and dense together, so that a window's
 * results stay within 128 MiB.
 *
 * @param maxItems
 *            the most lines of a window
 * @param skipBad
 *            whether a line at fault is reported and passed over; else it ends the work, after the lines
 *            before it
 * @param streams
 *            where such lines are reported
 */
public record LineWork(int maxItems, boolean skipBad, Streams streams) {
    /** The most lines of a window unless the call says otherwise. */
    public static final int DEFAULT_ITEMS = 512;
    /** The most tokens of a window, bounded as described above. */
    static final int MAX_TOKENS = 1 << 15;
    /** {@code <s>} and {@code </s>}: what an empty text costs too. */
    static final int TOKENS_AROUND_TEXT = 2;

    /** Checks the size of a window. */
    public LineWork {
        if (maxItems < 1) {
            throw new UsageException("--batch-size: " + maxItems + " (expected: at least 1)");
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
        Window<T> window = new Window<>(maxItems, work);
        long skipped = 0;
        while (true) {
            if (!reader.isReady()) {
                // Whoever writes the input may wait for the answers to what it wrote.
                window.handOn();
            }
            T item;
            try {
                String line = reader.next();
                if (line == null) {
                    break;
                }
                item = parser.parse(line, reader.lineNumber() - 1, place(reader));
            } catch (LineFaultException e) {
                String message = place(reader) + ": " + e.getMessage();
                if (!skipBad) {
                    window.handOn();
                    throw new StreamException(message, e);
                }
                skipped++;
                streams.say(message + " (skipped)");
                continue;
            }
            window.add(item, (long) chars.applyAsInt(item) + TOKENS_AROUND_TEXT);
        }
        window.handOn();
        if (skipped > 0) {
            streams.say(skipped + " of " + reader.lineNumber() + " lines were skipped");
        }
    }

    private static String place(LineReader reader) {
        return reader.name() + ", line " + reader.lineNumber();
    }

    /** The lines that are collected. */
    private static final class Window<T> {
        private final int maxItems;
        private final Consumer<List<T>> work;
        private List<T> items = new ArrayList<>();
        private long tokens;

        Window(int maxItems, Consumer<List<T>> work) {
            this.maxItems = maxItems;
            this.work = work;
        }

        void add(T item, long itemTokens) {
            if (tokens + itemTokens > MAX_TOKENS) {
                handOn();
            }
            items.add(item);
            tokens += itemTokens;
            if (items.size() >= maxItems || tokens >= MAX_TOKENS) {
                handOn();
            }
        }

        void handOn() {
            if (!items.isEmpty()) {
                List<T> full = items;
                items = new ArrayList<>();
                tokens = 0;
                work.accept(full);
            }
        }
    }
}
