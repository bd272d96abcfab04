package dev.bgem3.app.serve;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Room in the heap for vectors of each token: of a text of 8,192 tokens they take 32 MiB, and many such at a time would end the process.
 */
final class VectorBudget {
    private static final int MIB = 1 << 20;

    private final long most;
    private final AtomicLong taken = new AtomicLong();

    /** A budget of so many bytes. */
    VectorBudget(long most) {
        this.most = most;
    }

    /**
     * Takes room.
     *
     * @throws RefusedException
     *             where there is none now, or never so much
     */
    Lease take(long bytes) {
        if (bytes > most) {
            throw new RefusedException(Refusal.Kind.VALIDATION, "vectors of each token: " + (bytes / MIB + 1)
                    + " MiB (expected: at most " + most / MIB
                    + ", a quarter of the heap): ask for fewer texts at a time");
        }
        if (taken.addAndGet(bytes) > most) {
            taken.addAndGet(-bytes);
            throw new RefusedException(Refusal.Kind.OVERLOADED,
                    "Model is overloaded: no room for " + (bytes / MIB + 1)
                            + " MiB of vectors of each token");
        }
        return () -> taken.addAndGet(-bytes);
    }

    /** Room taken, until it is closed. */
    interface Lease extends AutoCloseable {
        @Override
        void close();
    }
}
