package dev.bgem3.engine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.function.Predicate;

/**
 * A fake model for tests of the queue. A text is a number with a token count; its result is that number. A
 * batch may be held until a test releases it.
 */
final class FakeEngine implements BatchEngine<FakeEngine.Text, Integer> {
    private static final int SECONDS = 30;

    /** A text. */
    record Text(int number, int tokens) {}

    /** A failure on purpose. */
    static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Failure(String message) {
            super(message);
        }
    }

    private final List<List<Integer>> batches = Collections.synchronizedList(new ArrayList<>());
    private final Semaphore begun = new Semaphore(0);
    private final Semaphore released = new Semaphore(0);
    private final boolean held;
    private final Predicate<Text> failsBatch;
    private final Predicate<Text> failsAlone;

    private FakeEngine(boolean held, Predicate<Text> failsBatch, Predicate<Text> failsAlone) {
        this.held = held;
        this.failsBatch = failsBatch;
        this.failsAlone = failsAlone;
    }

    /** Returns an engine that computes at once. */
    static FakeEngine quick() {
        return new FakeEngine(false, _ -> false, _ -> false);
    }

    /** Returns an engine that finishes a batch only after {@link #release}. */
    static FakeEngine held() {
        return new FakeEngine(true, _ -> false, _ -> false);
    }

    /**
     * Returns an engine that fails for batches with a text of the first kind, or for single texts of the
     * second kind.
     */
    FakeEngine failing(Predicate<Text> batch, Predicate<Text> alone) {
        return new FakeEngine(held, batch, alone);
    }

    /** Returns the texts of each batch, in the order in which the batches were computed. */
    List<List<Integer>> batches() {
        return List.copyOf(batches);
    }

    /** Waits until that many more batches have begun. */
    void awaitBegun(int count) throws InterruptedException {
        if (!begun.tryAcquire(count, SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("no batch begins; so far " + batches);
        }
    }

    /** Releases that many batches. */
    void release(int count) {
        released.release(count);
    }

    @Override
    public int tokenCount(Text text) {
        return text.tokens();
    }

    @Override
    public IntFunction<Integer> compute(List<Text> texts) {
        batches.add(texts.stream().map(Text::number).toList());
        begun.release();
        try {
            if (held && !released.tryAcquire(SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("nobody released the batch");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        if (texts.stream().anyMatch(failsBatch)) {
            throw new Failure("a batch of " + texts);
        }
        return i -> {
            if (failsAlone.test(texts.get(i))) {
                throw new Failure("text " + texts.get(i).number());
            }
            return texts.get(i).number();
        };
    }
}
