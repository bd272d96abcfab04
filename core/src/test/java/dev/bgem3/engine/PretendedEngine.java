package dev.bgem3.engine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.function.Predicate;

/**
 * A model for tests of the queue: a text is a number, its result that number; each has as many tokens as it
 * says, and a batch may be held until a test lets it go.
 */
final class PretendedEngine implements BatchEngine<PretendedEngine.Text, Integer> {
    private static final int SECONDS = 30;

    /** A text. */
    record Text(int number, int tokens) {}

    /** What went wrong on purpose. */
    static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Failure(String message) {
            super(message);
        }
    }

    private final List<List<Integer>> batches = Collections.synchronizedList(new ArrayList<>());
    private final Semaphore begun = new Semaphore(0);
    private final Semaphore goOn = new Semaphore(0);
    private final boolean held;
    private final Predicate<Text> failsBatch;
    private final Predicate<Text> failsAlone;

    private PretendedEngine(boolean held, Predicate<Text> failsBatch, Predicate<Text> failsAlone) {
        this.held = held;
        this.failsBatch = failsBatch;
        this.failsAlone = failsAlone;
    }

    /** Computes at once. */
    static PretendedEngine quick() {
        return new PretendedEngine(false, _ -> false, _ -> false);
    }

    /** Computes a batch when {@link #goOn} says so. */
    static PretendedEngine held() {
        return new PretendedEngine(true, _ -> false, _ -> false);
    }

    /** As this one, but fails where a batch has such a text, or gives no result of one. */
    PretendedEngine failing(Predicate<Text> batch, Predicate<Text> alone) {
        return new PretendedEngine(held, batch, alone);
    }

    /** The texts of each batch in the order in which they were computed. */
    List<List<Integer>> batches() {
        return List.copyOf(batches);
    }

    /** Waits until that many more batches have begun. */
    void awaitBegun(int count) throws InterruptedException {
        if (!begun.tryAcquire(count, SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("no batch begins; so far " + batches);
        }
    }

    /** Lets that many batches end. */
    void goOn(int count) {
        goOn.release(count);
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
            if (held && !goOn.tryAcquire(SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("nobody lets the batch go");
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
