package dev.bgem3.engine;

import dev.bgem3.error.OutOfDeviceMemoryException;
import dev.bgem3.io.QuietLogger;
import java.lang.System.Logger.Level;
import java.lang.reflect.UndeclaredThrowableException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Runs the batches of one call, in the caller's thread and in helper threads, one for each further slot or
 * batch.
 *
 * <p>
 * Only the caller's thread reports progress. The first failure ends the call: batches in progress are
 * finished, and no others are started.
 */
final class BatchExecutor {
    private static final QuietLogger LOGGER = QuietLogger.of("dev.bgem3");

    private final List<Batch> batches;
    private final BatchControl control;
    private final Consumer<Batch> work;
    private final Thread caller = Thread.currentThread();
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final Object cancelTurn = new Object();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    /** Batches that helpers have finished and that are not yet reported to the caller. */
    private final Queue<Batch> done = new ArrayDeque<>();
    /**
     * The number of helper threads still running. It is a counter because a thread must be able to end
     * without allocating memory.
     */
    private int runningHelpers;

    private BatchExecutor(List<Batch> batches, BatchControl control, Consumer<Batch> work) {
        this.batches = batches;
        this.control = control;
        this.work = work;
    }

    /**
     * Runs all batches.
     *
     * @param threads
     *            the maximum number of threads, at least 1
     * @param work
     *            called for each batch, or for its halves if it ran out of a device's memory
     * @throws UndeclaredThrowableException
     *             if one of the control's callbacks threw a checked exception, as code in other languages
     *             may; it is the cause
     */
    static void run(List<Batch> batches, int threads, BatchControl control, Consumer<Batch> work) {
        new BatchExecutor(batches, control, work).run(Math.min(threads, batches.size()) - 1);
    }

    private void run(int helpers) {
        try {
            for (int i = 0; i < helpers; i++) {
                startHelper(i + 1);
            }
            computeBatches();
        } catch (Throwable thrown) { // After any failure the helpers must be awaited.
            fail(thrown);
        }
        awaitHelpers();
        switch (failure.get()) {
            case null -> {
            }
            case Error e -> throw e;
            case RuntimeException e -> throw e;
            case Throwable e -> throw new UndeclaredThrowableException(e);
        }
    }

    private void startHelper(int number) {
        Thread thread = Thread.ofPlatform().daemon().name("bgem3-slot-" + number).unstarted(this::help);
        count(1);
        boolean started = false;
        try {
            thread.start();
            started = true;
        } finally {
            if (!started) {
                count(-1);
            }
        }
    }

    private void count(int change) {
        lock.lock();
        runningHelpers += change;
        changed.signalAll();
        lock.unlock();
    }

    private void help() {
        try {
            computeBatches();
        } catch (Throwable thrown) { // The caller must see any failure, and must not wait for ever.
            fail(thrown);
        } finally {
            count(-1);
        }
    }

    /** Records a failure; throws nothing. */
    private void fail(Throwable thrown) {
        if (!failure.compareAndSet(null, thrown) && failure.get() != thrown) {
            try {
                failure.get().addSuppressed(thrown);
            } catch (OutOfMemoryError _) {
                return; // The first failure is recorded, which is enough.
            }
        }
    }

    private void computeBatches() {
        for (int i = next.getAndIncrement(); i < batches.size(); i = next.getAndIncrement()) {
            compute(batches.get(i));
        }
    }

    private void compute(Batch batch) {
        if (failure.get() != null) {
            return;
        }
        synchronized (cancelTurn) {
            TokenizedText.checkCancelled(control.cancelled());
        }
        try {
            work.accept(batch);
        } catch (OutOfDeviceMemoryException e) {
            computeHalves(batch, e);
            return;
        }
        if (Thread.currentThread() == caller) {
            reportFinished();
            report(batch);
        } else {
            lock.lock();
            try {
                done.add(batch);
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    private void computeHalves(Batch batch, OutOfDeviceMemoryException why) {
        if (batch.texts().size() == 1) {
            throw batch.texts().getFirst().outOfMemory(why);
        }
        LOGGER.log(Level.DEBUG, "a batch of {0} tokens is halved: {1}", batch.tokenCount(), why.getMessage());
        batch.halves().forEach(this::compute);
    }

    private void reportFinished() {
        for (Batch batch = nextDone(false); batch != null; batch = nextDone(false)) {
            report(batch);
        }
    }

    private void awaitHelpers() {
        for (Batch batch = nextDone(true); batch != null; batch = nextDone(true)) {
            report(batch);
        }
    }

    /**
     * Reports progress, unless the call has failed. An exception from the listener is a failure like any
     * other.
     */
    private void report(Batch batch) {
        if (failure.get() == null) {
            try {
                control.progress().onBatch(batch.texts().size(), batch.tokenCount());
            } catch (Throwable thrown) {
                fail(thrown);
            }
        }
    }

    /**
     * Returns the next batch that a helper has finished. Returns null if there is none or, if {@code wait} is
     * set, after all helpers have ended. An interrupt does not end the wait and is kept.
     */
    private Batch nextDone(boolean wait) {
        lock.lock();
        try {
            while (wait && done.isEmpty() && runningHelpers > 0) {
                changed.awaitUninterruptibly();
            }
            return done.poll();
        } finally {
            lock.unlock();
        }
    }
}
