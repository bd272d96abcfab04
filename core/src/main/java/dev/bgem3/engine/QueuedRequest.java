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
        private long arrival;
        private boolean hasPermit;
        private boolean settled;

        private Text(QueuedRequest<W, R, ?> request, int place, W work, int tokenCount) {
            this.request = request;
            this.place = place;
            this.work = work;
            this.tokenCount = tokenCount;
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

        /** Marks it as having a permit, with its place in the order of arrival. */
        void takePermit(long place) {
            arrival = place;
            hasPermit = true;
            request.permits++;
        }

        /** Marks its permit as given back; returns whether it had one. */
        boolean givePermitBack() {
            boolean held = hasPermit;
            hasPermit = false;
            request.permits -= held ? 1 : 0;
            return held;
        }

        /** Marks it as settled; returns whether it was not. */
        boolean settle() {
            boolean first = !settled;
            settled = true;
            return first;
        }
    }

    private final CompletableFuture<A> future = new CompletableFuture<>();
    private final Function<QueueAnswer<R>, A> answers;
    private final long called;
    private final List<Text<W, R>> texts;
    private final Object[] results;
    private long tokenized;
    private long progressed;
    private int entered;
    private int permits;
    private int inLine;
    private long lineTokens;
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
        progressed = called;
        texts = new ArrayList<>(textCount);
        results = new Object[textCount];
        unanswered = textCount;
    }

    /** Records when the texts were tokenized. */
    void tokenized(long now) {
        tokenized = now;
    }

    /** Adds a text, which has no permit yet. */
    void addText(W work, int tokenCount) {
        texts.add(new Text<>(this, texts.size(), work, tokenCount));
        tokens += tokenCount;
    }

    /** Returns the next text to enter the planner. */
    Text<W, R> next() {
        return texts.get(entered);
    }

    /** Records that the next text has entered the planner. */
    void entered(Text<W, R> text) {
        entered++;
        inLine++;
        lineTokens += text.tokenCount;
    }

    /** Returns whether all texts have entered the planner. */
    boolean hasEntered() {
        return notEntered() == 0;
    }

    int notEntered() {
        return texts.size() - entered;
    }

    /** Returns the number of texts with a permit. */
    int permits() {
        return permits;
    }

    /** Returns whether one of the texts waits in the planner. */
    boolean isInLine() {
        return inLine > 0;
    }

    /** Returns the number of tokens that wait in the planner. */
    long lineTokens() {
        return lineTokens;
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

    /** Returns the {@link System#nanoTime()} of the last result, or of the call before the first one. */
    long progressed() {
        return progressed;
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

    /** Records that a text has left the planner for a batch. */
    void begin(Text<W, R> text, long now) {
        inLine--;
        lineTokens -= text.tokenCount;
        if (!begun) {
            begun = true;
            firstBegun = now;
        }
    }

    /** Stores the result of a text; returns whether it was the last one. */
    boolean answer(Text<W, R> text, Object result) {
        results[text.place] = result;
        progressed = System.nanoTime();
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
