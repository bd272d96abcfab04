package dev.bgem3.engine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * One call of a {@link BatchQueue}: its texts and their results. The queue's lock guards its mutable fields,
 * except for the future. As a task, it completes its future.
 *
 * @param <A>
 *            the type of the future's value
 */
final class QueuedRequest<W, R, A> extends TaskList.Task {
    /** How long to wait before trying to complete the future again. */
    private static final long RETRY_NANOS = 10_000_000;
    private static final int MAX_RETRIES = 1_000;

    /** A text of the request. */
    static final class Text<W, R> implements BatchPlanner.Text {
        private final QueuedRequest<W, R, ?> request;
        private final int place;
        private final W work;
        private final int tokenCount;
        private final long arrival;
        private boolean released;

        private Text(QueuedRequest<W, R, ?> request, int place, W work, int tokenCount, long arrival) {
            this.request = request;
            this.place = place;
            this.work = work;
            this.tokenCount = tokenCount;
            this.arrival = arrival;
        }

        QueuedRequest<W, R, ?> request() {
            return request;
        }

        W work() {
            return work;
        }

        @Override
        public int tokenCount() {
            return tokenCount;
        }

        @Override
        public long arrival() {
            return arrival;
        }

        /** Returns how long it has waited at a {@link System#nanoTime()}. */
        Duration waited(long now) {
            return Duration.ofNanos(now - request.tokenized);
        }

        /** Marks its permit as given back; returns false if it already was, because the text is settled. */
        boolean release() {
            boolean held = !released;
            released = true;
            return held;
        }
    }

    private final CompletableFuture<A> future = new CompletableFuture<>();
    private final Function<QueueAnswer<R>, A> answers;
    private final long called;
    private final List<Text<W, R>> texts;
    private final Object[] results;
    private long tokenized;
    private int unanswered;
    private int tokens;
    private boolean begun;
    private long firstBegun;
    private long ended;
    private Throwable failure;
    private boolean dispatched;
    /** Also read without the lock, to skip finished requests. */
    private volatile boolean over;

    /**
     * Creates a request without texts.
     *
     * @param called
     *            the {@link System#nanoTime()} of the call
     */
    QueuedRequest(long called, int textCount, Function<QueueAnswer<R>, A> answers) {
        this.answers = answers;
        this.called = called;
        texts = new ArrayList<>(textCount);
        results = new Object[textCount];
        unanswered = textCount;
    }

    /** Records when the texts were tokenized. */
    void tokenized(long now) {
        tokenized = now;
    }

    Text<W, R> addText(W work, int tokenCount, long arrival) {
        Text<W, R> text = new Text<>(this, texts.size(), work, tokenCount, arrival);
        texts.add(text);
        tokens += tokenCount;
        return text;
    }

    CompletableFuture<A> future() {
        return future;
    }

    List<Text<W, R>> texts() {
        return texts;
    }

    int textCount() {
        return results.length;
    }

    /** Returns how many texts have no result. */
    int unanswered() {
        return unanswered;
    }

    /** Returns the {@link System#nanoTime()} of the call. */
    long called() {
        return called;
    }

    /** Returns the {@link System#nanoTime()} at which the request ended. */
    long ended() {
        return ended;
    }

    /**
     * Returns whether the request is answered, cancelled or has failed, so that later results are dropped.
     */
    boolean isOver() {
        return over;
    }

    /**
     * Ends the request.
     *
     * @param why
     *            the failure; null if all texts are answered, or the future is already complete
     */
    void end(Throwable why) {
        failure = why;
        ended = System.nanoTime();
        over = true;
    }

    void begin(long now) {
        if (!begun) {
            begun = true;
            firstBegun = now;
        }
    }

    /** Stores the result of a text; returns whether it was the last one. */
    boolean answer(Text<W, R> text, Object result) {
        results[text.place] = result;
        return --unanswered == 0;
    }

    /** Records that a virtual thread should complete the future; returns whether this is the first time. */
    boolean dispatch() {
        boolean first = !dispatched;
        dispatched = true;
        return first;
    }

    /**
     * Completes the future of a request that is over. Returns once that is done and all dependent actions
     * have begun, whatever is thrown meanwhile. Several threads may run it.
     */
    @Override
    void run() {
        Throwable why = failure;
        for (int tries = 0; tries < MAX_RETRIES || !future.isDone(); tries++) {
            try {
                if (why == null) {
                    future.complete(result());
                } else {
                    future.completeExceptionally(why);
                }
                return;
            } catch (Throwable thrown) {
                // Creating the result failed, or there is not enough memory to complete the future or to run
                // dependent actions. The caller must learn of it; completing again runs the remaining
                // actions.
                why = why == null ? thrown : why;
                LockSupport.parkNanos(RETRY_NANOS);
            }
        }
    }

    /** Returns the value of the future once all texts are answered. */
    A result() {
        long waited = begun ? firstBegun : tokenized;
        @SuppressWarnings("unchecked") // Only answer() writes them.
        List<R> all = (List<R>) Collections.unmodifiableList(Arrays.asList(results));
        return answers.apply(new QueueAnswer<>(all, tokens, Duration.ofNanos(tokenized - called),
                Duration.ofNanos(waited - tokenized), Duration.ofNanos(ended - waited)));
    }
}
