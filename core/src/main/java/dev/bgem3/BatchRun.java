package dev.bgem3;

import dev.bgem3.error.OutOfDeviceMemoryException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * The batches of one call at work: in the caller's thread, and in one more for each further lane and batch.
 *
 * <p>
 * Only the caller's thread tells of progress. The first failure ends the call: batches that others have under way end first, no
 * other is begun.
 */
final class BatchRun {
    private static final Logger LOGGER = System.getLogger("dev.bgem3");

    private final List<Batch> batches;
    private final ProgressListener progress;
    private final BooleanSupplier cancelled;
    private final Consumer<Batch> work;
    private final Thread caller = Thread.currentThread();
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final Object cancelTurn = new Object();
    /** What the other threads have done and the caller was not told yet; an empty one where a thread has ended. */
    private final BlockingQueue<Optional<Batch>> done = new LinkedBlockingQueue<>();

    private BatchRun(List<Batch> batches, ProgressListener progress, BooleanSupplier cancelled,
            Consumer<Batch> work) {
        this.batches = batches;
        this.progress = progress;
        this.cancelled = cancelled;
        this.work = work;
    }

    /**
     * Does all batches.
     *
     * @param threads
     *            the most that work at a time, at least 1
     * @param progress
     *            told after each batch
     * @param cancelled
     *            asked before each
     * @param work
     *            called for each batch, or for its halves where it ran out of a device's memory
     */
    static void run(List<Batch> batches, int threads, ProgressListener progress,
            BooleanSupplier cancelled, Consumer<Batch> work) {
        new BatchRun(batches, progress, cancelled, work).run(Math.min(threads, batches.size()) - 1);
    }

    private void run(int helpers) {
        int running = 0;
        try {
            for (; running < helpers; running++) {
                Thread.ofPlatform().daemon().name("bgem3-lane-" + (running + 1)).start(this::help);
            }
            workOff();
        } catch (Throwable thrown) { // Whatever it is, no thread may be left behind.
            fail(thrown);
        }
        while (running > 0) {
            Optional<Batch> batch = nextDone();
            if (batch.isEmpty()) {
                running--;
            } else {
                tell(batch.get());
            }
        }
        switch (failure.get()) {
            case null -> {
            }
            case Error e -> throw e;
            case Throwable e -> throw (RuntimeException) e; // Nothing here declares a checked exception.
        }
    }

    private void help() {
        try {
            workOff();
        } catch (Throwable thrown) { // Whatever it is, the caller must see it, and may not wait for ever.
            fail(thrown);
        } finally {
            done.add(Optional.empty());
        }
    }

    private void fail(Throwable thrown) {
        if (!failure.compareAndSet(null, thrown) && failure.get() != thrown) {
            failure.get().addSuppressed(thrown);
        }
    }

    private void workOff() {
        for (int i = next.getAndIncrement(); i < batches.size(); i = next.getAndIncrement()) {
            compute(batches.get(i));
        }
    }

    private void compute(Batch batch) {
        if (failure.get() != null) {
            return;
        }
        synchronized (cancelTurn) {
            TokenizedText.checkCancelled(cancelled);
        }
        try {
            work.accept(batch);
        } catch (OutOfDeviceMemoryException e) {
            computeHalves(batch, e);
            return;
        }
        if (Thread.currentThread() == caller) {
            tellWhatOthersDid();
            tell(batch);
        } else {
            done.add(Optional.of(batch));
        }
    }

    private void computeHalves(Batch batch, OutOfDeviceMemoryException why) {
        if (batch.texts().size() == 1) {
            throw batch.texts().getFirst().outOfMemory(why);
        }
        LOGGER.log(Level.DEBUG, "a batch of {0} tokens is halved: {1}", batch.tokenCount(), why.getMessage());
        batch.halves().forEach(this::compute);
    }

    private void tellWhatOthersDid() {
        for (Optional<Batch> one = done.peek(); one != null && one.isPresent(); one = done.peek()) {
            done.remove();
            tell(one.get());
        }
    }

    /** The caller's listener may throw, which is a failure as any other; after one nothing is told. */
    private void tell(Batch batch) {
        if (failure.get() == null) {
            try {
                progress.onProgress(batch.texts().size(), batch.tokenCount());
            } catch (Throwable thrown) {
                fail(thrown);
            }
        }
    }

    /** An interrupt does not end the wait, and is kept. */
    private Optional<Batch> nextDone() {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return done.take();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
