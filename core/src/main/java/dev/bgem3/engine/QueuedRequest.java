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
 * One call of a {@link BatchQueue}: its texts and what has become of them. The queue's lock guards what
 * changes, except for the future. As a task it completes its future.
 *
 * @param <A>
 *            what is answered
 */
final class QueuedRequest<W, R, A> extends TaskList.Task {
    /** How long to wait before a future is completed again. */
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

        /** How long it has waited at a time of {@link System#nanoTime()}. */
        Duration waited(long now) {
            return Duration.ofNanos(now - request.tokenized);
        }

        /** Gives up its permit; false if it has none any more, since it is settled. */
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
     * A request with no text yet.
     *
     * @param called
     *            when, by {@link System#nanoTime()}
     */
    QueuedRequest(long called, int textCount, Function<QueueAnswer<R>, A> answers) {
        this.answers = answers;
        this.called = called;
        texts = new ArrayList<>(textCount);
        results = new Object[textCount];
        unanswered = textCount;
    }

    /** Notes when the texts were tokenized. */
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

    /** How many texts have no result. */
    int unanswered() {
        return unanswered;
    }

    /** When the call was made, by {@link System#nanoTime()}. */
    long called() {
        return called;
    }

    /** When it ended, by {@link System#nanoTime()}. */
    long ended() {
        return ended;
    }

    /** Whether it is answered or has failed: results that still come are dropped. */
    boolean isOver() {
        return over;
    }

    /**
     * Ends it.
     *
     * @param why
     *            what it has failed with; null if all texts are answered, or the future is complete
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

    /** Takes the result of a text; whether it was the last. */
    boolean answer(Text<W, R> text, Object result) {
        results[text.place] = result;
        return --unanswered == 0;
    }

    /** Notes that a virtual thread is to complete the future; false if one was to before. */
    boolean dispatch() {
        boolean first = !dispatched;
        dispatched = true;
        return first;
    }

    /**
     * Completes the future of a request that is over. Returns once that is done and all dependent actions
     * have begun, whatever is thrown meanwhile. Several threads may do it.
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
                // The result could not be made, or there is no memory to complete the future or to run what
                // depends on it. The caller must learn of it; to complete again does the rest.
                why = why == null ? thrown : why;
                LockSupport.parkNanos(RETRY_NANOS);
            }
        }
    }

    /** What is answered once all texts are. */
    A result() {
        long waited = begun ? firstBegun : tokenized;
        @SuppressWarnings("unchecked") // Only answer() writes them.
        List<R> all = (List<R>) Collections.unmodifiableList(Arrays.asList(results));
        return answers.apply(new QueueAnswer<>(all, tokens, Duration.ofNanos(tokenized - called),
                Duration.ofNanos(waited - tokenized), Duration.ofNanos(ended - waited)));
    }
}
