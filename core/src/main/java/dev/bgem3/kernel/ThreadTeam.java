package dev.bgem3.kernel;

import dev.bgem3.error.BackendException;
import java.lang.reflect.UndeclaredThrowableException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * A fixed set of threads that share out numbered pieces of work in microseconds: they spin briefly for the
 * next work, then park, and burn nothing while idle.
 *
 * <p>
 * One caller at a time runs work on it, and works along. Pieces are claimed in ascending order; which thread
 * does which is not fixed, so a piece's result must not depend on it.
 */
public final class ThreadTeam implements AutoCloseable {
    /** One of {@code count} independent pieces of work. */
    @FunctionalInterface
    public interface Work {
        /**
         * Does piece {@code index}.
         *
         * @param worker
         *            0 .. threads − 1, different for all who work at a time: the number of their scratch
         *            memory
         */
        void run(int index, int worker);
    }

    /**
     * About 30 µs of {@link Thread#onSpinWait}: longer than the gap between two operations of a forward pass.
     */
    private static final int SPINS = 2_000;

    private record Round(Work work, int count, AtomicInteger next, AtomicInteger working) {}

    private final Member[] members;
    private volatile Round round;
    private volatile boolean closed;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile Thread waiting;

    /** A team of {@code threads} in all: the caller's and {@code threads − 1} of its own. */
    public ThreadTeam(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads: " + threads + " (expected: at least 1)");
        }
        members = new Member[threads - 1];
        for (int i = 0; i < members.length; i++) {
            members[i] = new Member(i + 1);
        }
        boolean started = false;
        try {
            for (Member member : members) {
                member.start();
            }
            started = true;
        } catch (OutOfMemoryError noThread) { // "unable to create native thread"
            throw new BackendException("threads: " + threads + " (expected: as many as the system grants: "
                    + noThread.getMessage() + ")", noThread);
        } finally {
            if (!started) {
                close(); // Ends those that did start.
            }
        }
    }

    /** The number of threads that work, the caller's included. */
    public int threads() {
        return members.length + 1;
    }

    /** Does pieces 0 .. count − 1 and returns when all are done; rethrows the first failure. */
    public synchronized void run(int count, Work work) {
        if (closed) {
            throw new IllegalStateException("the kernels are closed");
        }
        if (members.length == 0 || count <= 1) {
            for (int i = 0; i < count; i++) {
                work.run(i, 0);
            }
            return;
        }
        failure.set(null);
        Round mine = new Round(work, count, new AtomicInteger(), new AtomicInteger(members.length));
        waiting = Thread.currentThread();
        round = mine;
        for (Member member : members) {
            member.wake();
        }
        doPieces(mine, 0);
        for (int spins = 0; mine.working.get() != 0; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.park(this);
            }
        }
        waiting = null;
        switch (failure.get()) {
            case null -> {
            }
            case Error e -> throw e;
            case RuntimeException e -> throw e;
            case Throwable e -> throw new UndeclaredThrowableException(e); // Thrown past the compiler.
        }
    }

    private void doPieces(Round mine, int worker) {
        try {
            for (int i = mine.next.getAndIncrement(); i < mine.count; i = mine.next.getAndIncrement()) {
                mine.work.run(i, worker);
            }
        } catch (Throwable thrown) { // Whatever it is, the caller must see it, and nobody may wait for ever.
            failure.compareAndSet(null, thrown);
            mine.next.set(mine.count);
        }
    }

    /** Ends the threads and returns once they have ended; closing again does nothing. */
    @Override
    public synchronized void close() {
        closed = true;
        for (Member member : members) {
            LockSupport.unpark(member);
        }
        for (Member member : members) {
            awaitEnd(member);
        }
    }

    /**
     * Returns once a thread has ended, or if it was never started. An interrupt does not end the wait, and is
     * kept.
     */
    public static void awaitEnd(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private final class Member extends Thread {
        private final int worker;
        private volatile boolean parked;
        private Round seen;

        Member(int worker) {
            super("bgem3-kernel-" + worker);
            this.worker = worker;
            setDaemon(true);
        }

        void wake() {
            if (parked) {
                LockSupport.unpark(this);
            }
        }

        @Override
        public void run() {
            while (!closed) {
                try {
                    workUntilClosed();
                    // No memory, anywhere: the caller is told of it, and waits for this thread.
                } catch (Throwable _) {
                    continue;
                }
            }
        }

        private void workUntilClosed() {
            int spins = 0;
            while (!closed) {
                Round current = round;
                if (current != seen) {
                    try {
                        doPieces(current, worker);
                    } finally {
                        seen = current;
                        if (current.working.decrementAndGet() == 0) {
                            LockSupport.unpark(waiting);
                        }
                    }
                    spins = 0;
                } else if (spins++ < SPINS) {
                    Thread.onSpinWait();
                } else {
                    // Written before the round is read again, and read by wake() after it is set: none is
                    // missed.
                    parked = true;
                    if (round == seen && !closed) {
                        LockSupport.park(ThreadTeam.this);
                    }
                    parked = false;
                }
            }
        }
    }
}
