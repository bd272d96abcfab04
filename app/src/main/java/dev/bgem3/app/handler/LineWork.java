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
 * Processes an input in windows of lines, so that memory does not grow with the input.
 *
 * <p>
 * A window ends early if the next line has not arrived yet. It holds at most {@code maxItems} lines and,
 * unless it is a single line, at most {@value #MAX_TOKENS} tokens, counting a token per character and two per
 * text as an upper bound. BGE-M3's dense and ColBERT vectors together take at most 4 KiB per token, so a
 * window's results stay within 128 MiB.
 *
 * @param maxItems
 *            the maximum number of lines in a window
 * @param skipBad
 *            whether to report and skip an invalid line; otherwise it ends the work, after the lines before
 *            it
 * @param streams
 *            get the reports
 */
public record LineWork(int maxItems, boolean skipBad, Streams streams) {
    /** The default maximum number of lines in a window. */
    public static final int DEFAULT_ITEMS = 512;
    /** The maximum number of tokens in a window, counted as described above. */
    static final int MAX_TOKENS = 1 << 15;
    /** {@code <s>} and {@code </s>}, which even an empty text has. */
    static final int TOKENS_AROUND_TEXT = 2;

    /** Checks the arguments. */
    public LineWork {
        if (maxItems < 1) {
            throw new UsageException("--batch-size: " + maxItems + " (expected: at least 1)");
        }
    }

    /**
     * Reads all lines and passes them to {@code work} in windows, in order.
     *
     * @param chars
     *            returns the number of characters in an item
     * @throws StreamException
     *             if a line is invalid and invalid lines are not skipped
     */
    public <T> void run(LineReader reader, LineParser<T> parser, ToIntFunction<T> chars,
            Consumer<List<T>> work) {
        Window<T> window = new Window<>(maxItems, work);
        long skipped = 0;
        while (true) {
            if (!reader.isReady()) {
                // The writer of the input may be waiting for the results of these lines.
                window.process();
            }
            T item;
            try {
                String line = reader.next();
                if (line == null) {
                    break;
                }
                item = parser.parse(line, reader.lineNumber() - 1, reader.place());
            } catch (LineFaultException e) {
                String message = reader.place() + ": " + e.getMessage();
                if (!skipBad) {
                    window.process();
                    throw new StreamException(message, e);
                }
                skipped++;
                streams.say(message + " (skipped)");
                continue;
            }
            if (item == null) {
                continue; // A blank line.
            }
            window.add(item, (long) chars.applyAsInt(item) + TOKENS_AROUND_TEXT);
        }
        window.process();
        if (skipped > 0) {
            streams.say(skipped + " of " + reader.lineNumber() + " lines were skipped");
        }
    }

    /** Collects lines. */
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
                process();
            }
            items.add(item);
            tokens += itemTokens;
            if (items.size() >= maxItems || tokens >= MAX_TOKENS) {
                process();
            }
        }

        void process() {
            if (!items.isEmpty()) {
                List<T> full = items;
                items = new ArrayList<>();
                tokens = 0;
                work.accept(full);
            }
        }
    }
}
