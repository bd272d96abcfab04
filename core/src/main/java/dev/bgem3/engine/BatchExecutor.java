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
 * The batches of one call at work: in the caller's thread, and in one more for each further slot and batch.
 *
 * <p>
 * Only the caller's thread tells of progress. The first failure ends the call: batches that others have under
 * way end first, no other is begun.
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
    /** What the other threads have done and the caller was not told yet. */
    private final Queue<Batch> done = new ArrayDeque<>();
    /**
     * How many other threads have not ended. A number, since a thread that is out of memory must be able to
     * end.
     */
    private int helping;

    private BatchExecutor(List<Batch> batches, BatchControl control, Consumer<Batch> work) {
        this.batches = batches;
        this.control = control;
        this.work = work;
    }

    /**
     * Does all batches.
     *
     * @param threads
     *            the most that work at a time, at least 1
     * @param work
     *            called for each batch, or for its halves where it ran out of a device's memory
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
            workOff();
        } catch (Throwable thrown) { // Whatever it is, no thread may be left behind.
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
        helping += change;
        changed.signalAll();
        lock.unlock();
    }

    private void help() {
        try {
            workOff();
        } catch (Throwable thrown) { // Whatever it is, the caller must see it, and may not wait for ever.
            fail(thrown);
        } finally {
            count(-1);
        }
    }

    /** Throws nothing. */
    private void fail(Throwable thrown) {
        if (!failure.compareAndSet(null, thrown) && failure.get() != thrown) {
            try {
                failure.get().addSuppressed(thrown);
            } catch (OutOfMemoryError _) {
                return; // The first failure is the one that counts.
            }
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
            TokenizedText.checkCancelled(control.cancelled());
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

    private void tellWhatOthersDid() {
        for (Batch batch = nextDone(false); batch != null; batch = nextDone(false)) {
            tell(batch);
        }
    }

    private void awaitHelpers() {
        for (Batch batch = nextDone(true); batch != null; batch = nextDone(true)) {
            tell(batch);
        }
    }

    /** The caller's listener may throw, which is a failure as any other; after one nothing is told. */
    private void tell(Batch batch) {
        if (failure.get() == null) {
            try {
                control.progress().onBatch(batch.texts().size(), batch.tokenCount());
            } catch (Throwable thrown) {
                fail(thrown);
            }
        }
    }

    /**
     * The next batch that another thread has done; null if there is none, or if {@code wait} is set, once all
     * others have ended. An interrupt does not end the wait, and is kept.
     */
    private Batch nextDone(boolean wait) {
        lock.lock();
        try {
            while (wait && done.isEmpty() && helping > 0) {
                changed.awaitUninterruptibly();
            }
            return done.poll();
        } finally {
            lock.unlock();
        }
    }
}
