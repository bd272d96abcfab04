package dev.bgem3.engine;

import java.lang.reflect.UndeclaredThrowableException;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Spliterator;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Turns a stream of texts into a stream of results, a window at a time. */
public final class EncodeStream {
    /** In most scripts a token has at least about two characters; the size of a window need not be exact. */
    private static final int CHARS_PER_TOKEN = 2;

    /** Encodes the texts of a window. */
    @FunctionalInterface
    public interface WindowEncoder<T> {
        /**
         * Returns the results in the order of the texts.
         *
         * @param firstNumber
         *            how many texts of the stream precede these, for messages
         */
        List<T> encode(List<String> window, long firstNumber);
    }

    private EncodeStream() {}

    /**
     * Returns the results of the texts, lazily and in order. A window holds texts of about
     * {@code windowTokens} tokens. Closing the result closes {@code texts}.
     */
    public static <T> Stream<T> of(Stream<String> texts, long windowTokens, WindowEncoder<T> encode) {
        TextWindows windows = new TextWindows(texts.sequential().spliterator(),
                windowTokens * CHARS_PER_TOKEN);
        return StreamSupport.stream(new Results<>(windows, encode), false).onClose(windows.closer())
                .onClose(texts::close);
    }

    /** The results of the windows, one window in memory at a time. */
    private static final class Results<T> implements Spliterator<T> {
        private final TextWindows windows;
        private final WindowEncoder<T> encode;
        private Iterator<T> ready = Collections.emptyIterator();
        private long encoded;
        private boolean begun;
        private Throwable failure;

        Results(TextWindows windows, WindowEncoder<T> encode) {
            this.windows = windows;
            this.encode = encode;
        }

        @Override
        public boolean tryAdvance(Consumer<? super T> action) {
            throwAgain();
            while (!ready.hasNext()) {
                List<String> window = windows.next();
                if (window.isEmpty() && begun) {
                    return false;
                }
                ready = encode(window);
                if (window.isEmpty()) {
                    return false;
                }
            }
            action.accept(ready.next());
            return true;
        }

        @Override
        public void forEachRemaining(Consumer<? super T> action) {
            throwAgain();
            ready.forEachRemaining(action);
            windows.forEachRemaining(window -> {
                throwAgain();
                encode(window).forEachRemaining(action);
            });
            throwAgain();
            if (!begun) {
                encode(List.of());
            }
        }

        /**
         * Encodes a window. For a stream without texts this is one empty window, so that the options are
         * still checked against the model.
         */
        private Iterator<T> encode(List<String> window) {
            begun = true;
            long firstNumber = encoded;
            encoded += window.size();
            try {
                return encode.encode(window, firstNumber).iterator();
            } catch (Throwable thrown) {
                failure = thrown;
                throw thrown;
            }
        }

        /** Rethrows a failure: continuing after it would leave out the window that failed. */
        private void throwAgain() {
            switch (failure) {
                case null -> {
                }
                case Error e -> throw e;
                case RuntimeException e -> throw e;
                case Throwable e -> throw new UndeclaredThrowableException(e);
            }
        }

        /** Never splits: Java would read texts without limit to fill the parts. */
        @Override
        public Spliterator<T> trySplit() {
            return null;
        }

        @Override
        public long estimateSize() {
            return Long.MAX_VALUE;
        }

        @Override
        public int characteristics() {
            return ORDERED | NONNULL;
        }
    }
}
