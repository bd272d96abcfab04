package dev.bgem3.app.serve;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A part of the heap that is set aside for clients. Code that needs memory for a client takes it from
 * here first, so that a request that does not fit is refused before the process runs out of memory.
 * Thread-safe.
 */
final class HeapBudget {
    private static final int MIB = 1 << 20;

    private final String use;
    private final long most;
    private final Optional<HeapBudget> whole;
    private final AtomicLong taken = new AtomicLong();

    /**
     * A budget of its own.
     *
     * @param use
     *            what it is for, as messages say it
     * @param most
     *            how many bytes can be taken
     */
    HeapBudget(String use, long most) {
        this(use, most, Optional.empty());
    }

    /** A budget whose bytes also count in {@code whole}. */
    HeapBudget(String use, long most, HeapBudget whole) {
        this(use, most, Optional.of(whole));
    }

    private HeapBudget(String use, long most, Optional<HeapBudget> whole) {
        this.use = use;
        this.most = most;
        this.whole = whole;
    }

    /** How many bytes are taken at this moment. */
    long taken() {
        return taken.get();
    }

    /** A lease of no bytes yet. */
    Lease lease() {
        return new Lease();
    }

    /** Bytes that are taken until they are given back. Not thread-safe. */
    final class Lease implements AutoCloseable {
        private long bytes;

        /**
         * Takes more bytes, or gives some back, so that the lease has {@code wanted}.
         *
         * @throws RefusedException
         *             if there is no room for them now, or not even in an empty budget; the lease then stays
         *             as it was
         */
        void resize(long wanted) {
            if (wanted > bytes) {
                if (wanted > most) {
                    throw new RefusedException(Refusal.Kind.VALIDATION, use + ": " + mib(wanted)
                            + " MiB of the heap (expected: at most " + most / MIB
                            + "): ask for less at a time");
                }
                if (!take(wanted - bytes)) {
                    throw new RefusedException(Refusal.Kind.OVERLOADED, "Model is overloaded: no room for "
                            + mib(wanted - bytes) + " MiB more of " + use);
                }
            } else {
                giveBack(bytes - wanted);
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
        for (long before = taken.get(); bytes <= most - before; before = taken.get()) {
            if (taken.compareAndSet(before, before + bytes)) {
                if (whole.isEmpty() || whole.get().take(bytes)) {
                    return true;
                }
                taken.addAndGet(-bytes);
                return false;
            }
        }
        return false;
    }

    private void giveBack(long bytes) {
        taken.addAndGet(-bytes);
        whole.ifPresent(budget -> budget.giveBack(bytes));
    }
}
