package dev.bgem3.engine;

import dev.bgem3.error.BackendException;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.lang.reflect.UndeclaredThrowableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Spliterator;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Divides the texts of a stream into windows, and reads at most one window ahead, whatever the source of the
 * stream.
 *
 * <p>
 * Pulling texts one at a time from a Java stream buffers everything that {@code flatMap} or {@code mapMulti}
 * makes of one element of the source: perhaps a whole file, perhaps an infinite stream. Only pushing avoids
 * that buffer. So {@link #forEachRemaining} pushes in the caller's thread, and {@link #next}, which has to
 * stop in between, has a separate thread push and wait after each window.
 *
 * <p>
 * Not thread-safe, except for the action that {@link #closer} returns, which any thread may run.
 */
final class TextWindows {
    private static final int MAX_TEXTS = 4096;

    private final Spliterator<String> texts;
    private final long maxChars;
    private final HandOver handOver = new HandOver(this);

    /**
     * Creates the windows of a stream's texts.
     *
     * @param maxChars
     *            a window ends with the text that brings it to this many characters
     */
    TextWindows(Spliterator<String> texts, long maxChars) {
        this.texts = texts;
        this.maxChars = maxChars;
    }

    /**
     * Returns the next window, empty at the end of the texts. Rethrows exceptions of the texts' stream. An
     * interrupt is passed on to the thread that reads the texts and kept.
     */
    List<String> next() {
        if (handOver.reader == null) {
            handOver.checkOpen();
            startReader();
        }
        List<String> window = handOver.await();
        Reference.reachabilityFence(this); // The reader ends when this object is collected.
        return window;
    }

    private void startReader() {
        Thread reader = reader(texts, maxChars, handOver);
        try {
            reader.start();
        } catch (OutOfMemoryError noThread) { // "unable to create native thread"
            throw new BackendException("stream: 1 thread (expected: as many as the system grants: "
                    + noThread.getMessage() + ")", noThread);
        }
        handOver.reader = reader;
    }

    /** Static, so that the thread has no reference to the object whose collection ends it. */
    private static Thread reader(Spliterator<String> texts, long maxChars, HandOver handOver) {
        return Thread.ofPlatform().daemon().name("bgem3-texts").unstarted(() -> {
            Window window = new Window(maxChars, handOver::put);
            try {
                texts.forEachRemaining(text -> {
                    handOver.checkWanted();
                    window.add(text);
                });
                handOver.end(window.texts, null);
            } catch (Abandoned _) {
                handOver.end(List.of(), null);
            } catch (Throwable thrown) { // Rethrown in the thread that takes the windows.
                handOver.end(List.of(), thrown);
            }
        });
    }

    /** Takes the remaining windows, in the caller's thread if {@link #next} was never called. */
    void forEachRemaining(Consumer<List<String>> action) {
        if (handOver.reader == null) {
            handOver.checkOpen();
            Window window = new Window(maxChars, action);
            texts.forEachRemaining(window::add);
            if (!window.texts.isEmpty()) {
                action.accept(window.texts);
            }
        } else {
            for (List<String> window = next(); !window.isEmpty(); window = next()) {
                action.accept(window);
            }
        }
    }

    /**
     * Returns the action that ends the reading thread and waits for it for a while. The action does not keep
     * this object in memory.
     */
    Runnable closer() {
        return handOver::close;
    }

    /** Collects texts until there are enough for a window. */
    private static final class Window {
        private final long maxChars;
        private final Consumer<List<String>> action;
        private List<String> texts = new ArrayList<>();
        private long chars;

        Window(long maxChars, Consumer<List<String>> action) {
            this.maxChars = maxChars;
            this.action = action;
        }

        void add(String text) {
            texts.add(text);
            chars += text == null ? 0 : text.length();
            if (texts.size() >= MAX_TEXTS || chars >= maxChars) {
                List<String> full = texts;
                texts = new ArrayList<>();
                chars = 0;
                action.accept(full);
            }
        }
    }

    /** Unwinds a stream of texts that is no longer read; an error, because streams catch exceptions. */
    private static final class Abandoned extends Error {
        private static final long serialVersionUID = 1L;

        Abandoned() {
            super(null, null, false, false);
        }
    }

    /** Passes windows from the thread that reads texts to the one that encodes them. */
    private static final class HandOver {
        /** How often each thread checks whether the other one is still there. */
        private static final long POLL_SECONDS = 1;
        /** How long closing waits for the reader, because a source of texts may ignore an interrupt. */
        private static final Duration MAX_CLOSE = Duration.ofSeconds(1);

        private final WeakReference<TextWindows> owner;
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition changed = lock.newCondition();
        /** Null until the first window is requested. */
        private volatile Thread reader;
        private boolean wanted;
        private List<String> window;
        private boolean ended;
        private volatile boolean closed;
        private Throwable failure;

        HandOver(TextWindows owner) {
            this.owner = new WeakReference<>(owner);
        }

        /** Returns the next window, empty after the last. */
        List<String> await() {
            boolean interrupted = false;
            lock.lock();
            try {
                if (window == null) { // The reader may have put the first one before this call.
                    wanted = true;
                    changed.signalAll();
                }
                while (window == null && !ended && !closed) {
                    try {
                        if (!changed.await(POLL_SECONDS, TimeUnit.SECONDS) && !reader.isAlive()) {
                            throw new OutOfMemoryError("the thread that reads the texts ended");
                        }
                    } catch (InterruptedException _) {
                        interrupted = true;
                        reader.interrupt();
                    }
                }
                checkOpen();
                throwFailure();
                List<String> next = window == null ? List.of() : window;
                window = null;
                return next;
            } finally {
                lock.unlock();
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }

        private void throwFailure() {
            switch (failure) {
                case null -> {
                }
                case Error e -> throw e;
                case RuntimeException e -> throw e;
                case Throwable e -> throw new UndeclaredThrowableException(e);
            }
        }

        /** Hands over a window, and waits until the next one is wanted. */
        void put(List<String> full) {
            lock.lock();
            try {
                if (closed) {
                    throw new Abandoned();
                }
                window = full;
                wanted = false;
                changed.signalAll();
                while (!wanted && !closed) {
                    try {
                        if (!changed.await(POLL_SECONDS, TimeUnit.SECONDS) && owner.refersTo(null)) {
                            closed = true;
                        }
                    } catch (InterruptedException _) {
                        continue; // The interrupt was for reading the texts of this window, which are read.
                    }
                }
                if (closed) {
                    throw new Abandoned();
                }
            } finally {
                lock.unlock();
            }
        }

        /** Hands over the last window, or the exception from reading the texts. */
        void end(List<String> last, Throwable thrown) {
            lock.lock();
            try {
                window = last.isEmpty() ? null : last;
                failure = thrown;
                ended = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        /** Ends the reading of the stream if nobody can request its texts any more. */
        void checkWanted() {
            if (closed || owner.refersTo(null)) {
                throw new Abandoned();
            }
        }

        void close() {
            lock.lock();
            try {
                closed = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
            Thread reading = reader;
            if (reading != null && reading != Thread.currentThread()) {
                reading.interrupt(); // It may wait for a text.
                try {
                    reading.join(MAX_CLOSE);
                } catch (InterruptedException _) {
                    Thread.currentThread().interrupt();
                }
            }
        }

        void checkOpen() {
            lock.lock();
            try {
                if (closed) {
                    throw new IllegalStateException("the stream is closed");
                }
            } finally {
                lock.unlock();
            }
        }
    }
}
