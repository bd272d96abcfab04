package dev.bgem3.app.serve;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A part of the heap that is reserved for clients. Code that needs memory for a client first takes it from
 * here, so that a request that does not fit is rejected before the process runs out of memory. Thread-safe.
 */
final class HeapBudget {
    private static final int MIB = 1 << 20;

    private final String use;
    private final long limit;
    private final Optional<HeapBudget> parent;
    private final AtomicLong taken = new AtomicLong();

    /**
     * Creates an independent budget.
     *
     * @param use
     *            its purpose in messages
     * @param limit
     *            the number of bytes that can be taken
     */
    HeapBudget(String use, long limit) {
        this(use, limit, Optional.empty());
    }

    /** Creates a budget whose bytes are also taken from {@code parent}. */
    HeapBudget(String use, long limit, HeapBudget parent) {
        this(use, limit, Optional.of(parent));
    }

    private HeapBudget(String use, long limit, Optional<HeapBudget> parent) {
        this.use = use;
        this.limit = limit;
        this.parent = parent;
    }

    /** Returns the number of bytes that are currently taken. */
    long taken() {
        return taken.get();
    }

    /** Returns a lease, of no bytes at first. */
    Lease lease() {
        return new Lease();
    }

    /** Bytes taken until they are released. Not thread-safe. */
    final class Lease implements AutoCloseable {
        private long bytes;

        /**
         * Takes or releases bytes, so that the lease has {@code wanted}.
         *
         * @throws RefusedException
         *             if there is no room for them now, or not even in an empty budget; the lease is then
         *             unchanged
         */
        void resize(long wanted) {
            if (wanted > bytes) {
                if (wanted > limit) {
                    throw new RefusedException(Refusal.Kind.VALIDATION, use + ": " + mib(wanted)
                            + " MiB of the heap (expected: at most " + limit / MIB
                            + "): ask for less at a time");
                }
                if (!take(wanted - bytes)) {
                    throw new RefusedException(Refusal.Kind.OVERLOADED, "Model is overloaded: no room for "
                            + mib(wanted - bytes) + " MiB more of " + use);
                }
            } else {
                release(bytes - wanted);
            }
            bytes = wanted;
        }

        @Override
        public void close() {
            resize(0);
        }
    }

    private static long mib(long bytes) {
        return (bytes + MIB - 1) / MIB;
    }

    private boolean take(long bytes) {
        for (long before = taken.get(); bytes <= limit - before; before = taken.get()) {
            if (taken.compareAndSet(before, before + bytes)) {
                if (parent.isEmpty() || parent.get().take(bytes)) {
                    return true;
                }
                taken.addAndGet(-bytes);
                return false;
            }
        }
        return false;
    }

    private void release(long bytes) {
        taken.addAndGet(-bytes);
        parent.ifPresent(budget -> budget.release(bytes));
    }
}
