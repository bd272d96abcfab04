package dev.bgem3;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * One call of a {@link BatchQueue}: its texts and what has become of them. The queue's lock guards what changes, but for the future.
 */
final class QueuedRequest<W, R> {
    /** A text of the request. */
    static final class Text<W, R> implements WaitingLine.Text {
        private final QueuedRequest<W, R> request;
        private final int place;
        private final W work;
        private final int tokenCount;
        private final long arrival;

        private Text(QueuedRequest<W, R> request, int place, W work, int tokenCount, long arrival) {
            this.request = request;
            this.place = place;
            this.work = work;
            this.tokenCount = tokenCount;
            this.arrival = arrival;
        }

        QueuedRequest<W, R> request() {
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
    }

    private final CompletableFuture<QueueResult<R>> future = new CompletableFuture<>();
    private final long called;
    private final long tokenized;
    private final List<Text<W, R>> texts = new ArrayList<>();
    private final Object[] results;
    private int unanswered;
    private int tokens;
    private boolean begun;
    private long firstBegun;
    /** Read without the lock too, so that what is in vain is left out. */
    private volatile boolean over;

    /**
     * A request with no text.
     *
     * @param called
     *            when, by {@link System#nanoTime()}
     * @param tokenized
     *            when that was done
     */
    QueuedRequest(long called, long tokenized, int textCount) {
        this.called = called;
        this.tokenized = tokenized;
        results = new Object[textCount];
    }

    Text<W, R> addText(W work, int tokenCount, long arrival) {
        Text<W, R> text = new Text<>(this, texts.size(), work, tokenCount, arrival);
        texts.add(text);
        tokens += tokenCount;
        unanswered++;
        return text;
    }

    CompletableFuture<QueueResult<R>> future() {
        return future;
    }

    List<Text<W, R>> texts() {
        return texts;
    }

    /** How many texts have no result. */
    int unanswered() {
        return unanswered;
    }

    /** Whether it is answered or has failed: results that still come are dropped. */
    boolean isOver() {
        return over;
    }

    void end() {
        over = true;
    }

    void begin(long now) {
        if (!begun) {
            begun = true;
            firstBegun = now;
        }
    }

    /** Takes the result of a text; whether it was the last. */
    boolean answer(Text<W, R> text, R result) {
        results[text.place] = result;
        return --unanswered == 0;
    }

    /** What is answered where all texts are. */
    QueueResult<R> result(long now) {
        long waited = begun ? firstBegun : tokenized;
        @SuppressWarnings("unchecked") // Only answer() writes them.
        List<R> all = (List<R>) Collections.unmodifiableList(Arrays.asList(results));
        return new QueueResult<>(all, tokens, Duration.ofNanos(tokenized - called),
                Duration.ofNanos(waited - tokenized), Duration.ofNanos(now - waited));
    }
}
