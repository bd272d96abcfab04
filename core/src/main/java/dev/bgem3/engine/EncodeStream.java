package dev.bgem3.engine;

import java.lang.reflect.UndeclaredThrowableException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Gatherer;
import java.util.stream.Gatherer.Downstream;
import java.util.stream.Stream;

/**
 * Turns a stream of texts into a stream of results, a window at a time.
 *
 * <p>
 * Texts are pushed through a {@link Gatherer} and not pulled by an iterator: Java's iterator of a stream
 * holds all that one element of the source becomes in {@code flatMap} and its like, which may be a whole
 * file.
 */
public final class EncodeStream {
    private static final int MAX_TEXTS = 4096;
    /** A token has at least about two characters in most scripts; a window's size need not be exact. */
    private static final int CHARS_PER_TOKEN = 2;

    /** Encodes the texts of a window. */
    @FunctionalInterface
    public interface WindowEncoder<T> {
        /**
         * The results in the order of the texts.
         *
         * @param firstNumber
         *            how many texts of the stream stood before these, for messages
         */
        List<T> encode(List<String> window, long firstNumber);
    }

    private EncodeStream() {}

    /** A window holds texts of about {@code windowTokens} tokens. Closing the result closes {@code texts}. */
    public static <T> Stream<T> of(Stream<String> texts, long windowTokens, WindowEncoder<T> encode) {
        // Greedy, as it never ends the stream by itself: only then does Java push a concatenation's elements
        // through where nothing behind it ends the stream either.
        return texts.sequential().gather(Gatherer.<String, Window<T>, T>ofSequential(
                () -> new Window<>(windowTokens * CHARS_PER_TOKEN, encode),
                Gatherer.Integrator.ofGreedy((window, text, out) -> window.take(text, out)), Window::finish));
    }

    /** The texts that wait to be encoded together, in one evaluation of the stream. */
    private static final class Window<T> {
        private final long maxChars;
        private final WindowEncoder<T> encode;
        private List<String> texts = new ArrayList<>();
        private long chars;
        private long encoded;
        private boolean begun;
        private Throwable failure;

        Window(long maxChars, WindowEncoder<T> encode) {
            this.maxChars = maxChars;
            this.encode = encode;
        }

        /** Some sources push on after nobody wants more ({@code mapMulti} does); their texts are dropped. */
        boolean take(String text, Downstream<? super T> out) {
            if (!out.isRejecting()) {
                throwAgain();
                texts.add(text);
                chars += text == null ? 0 : text.length();
                if (texts.size() >= MAX_TEXTS || chars >= maxChars) {
                    handOn(out);
                }
            }
            return true;
        }

        /** A stream without texts has one window without texts, so that its model is asked too. */
        void finish(Downstream<? super T> out) {
            if (!out.isRejecting() && !(begun && texts.isEmpty())) {
                throwAgain();
                handOn(out);
            }
        }

        private void handOn(Downstream<? super T> out) {
            begun = true;
            List<String> window = texts;
            texts = new ArrayList<>();
            chars = 0;
            long firstNumber = encoded;
            encoded += window.size();
            Iterator<T> results;
            try {
                results = encode.encode(window, firstNumber).iterator();
            } catch (Throwable thrown) {
                failure = thrown;
                throw thrown;
            }
            while (results.hasNext() && out.push(results.next())) {
                continue;
            }
        }

        /** A failure stays: to go on behind it would leave out the window that failed. */
        private void throwAgain() {
            switch (failure) {
                case null -> {
                }
                case Error e -> throw e;
                case RuntimeException e -> throw e;
                case Throwable e -> throw new UndeclaredThrowableException(e);
            }
        }
    }
}
