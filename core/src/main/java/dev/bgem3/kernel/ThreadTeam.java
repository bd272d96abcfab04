package dev.bgem3.kernel;

import dev.bgem3.error.BackendException;
import java.lang.reflect.UndeclaredThrowableException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * A fixed set of threads that distributes numbered pieces of work within microseconds: threads spin briefly
 * for more work, then park, so that an idle team uses no CPU time.
 *
 * <p>
 * One caller at a time runs work on it and takes part in the work. Threads claim pieces in ascending order;
 * any thread may get any piece, so the result of a piece must not depend on its thread.
 */
public final class ThreadTeam implements AutoCloseable {
    /** One of {@code count} independent pieces of work. */
    @FunctionalInterface
    public interface Work {
        /**
         * Computes piece {@code index}.
         *
         * @param worker
         *            the number of the thread's scratch memory, 0 .. threads − 1; no two threads share one at
         *            the same time
         */
        void run(int index, int worker);
    }

    /**
     * About 30 µs of {@link Thread#onSpinWait}, longer than the gap between two operations of a forward pass.
     */
    private static final int SPINS = 2_000;

    private record Round(Work work, int count, AtomicInteger next, AtomicInteger working) {}

    private final Member[] members;
    private volatile Round round;
    private volatile boolean closed;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile Thread waiting;

    /** Starts a team of {@code threads} threads, one of which is the caller's. */
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
                close(); // stops the threads that did start
            }
        }
    }

    /** Returns the number of threads, including the caller's. */
    public int threads() {
        return members.length + 1;
    }

    /** Computes pieces 0 .. count − 1 and returns when all are done; rethrows the first failure. */
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
            case Throwable e -> throw new UndeclaredThrowableException(e); // a sneaky throw
        }
    }

    private void doPieces(Round mine, int worker) {
        try {
            for (int i = mine.next.getAndIncrement(); i < mine.count; i = mine.next.getAndIncrement()) {
                mine.work.run(i, worker);
            }
        } catch (Throwable thrown) { // of any kind: run() rethrows it, and must not wait forever
            failure.compareAndSet(null, thrown);
            mine.next.set(mine.count);
        }
    }

    /** Stops the threads and waits until they have ended; closing again does nothing. */
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
     * Waits until a thread has ended; returns at once if it was never started. An interrupt does not end the
     * wait; the interrupt status is restored.
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
                } catch (Throwable _) {
                    // Out of memory: the caller gets the failure, and waits for this thread in later rounds.
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
                    // Set before the round is read again; wake() reads it after setting the round. So no
                    // round is missed.
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
