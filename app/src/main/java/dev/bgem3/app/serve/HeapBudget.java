package dev.bgem3.app.serve;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A part of the heap for what clients send and ask for. Whoever needs memory for a client takes it here first, so that what does not fit
 * is refused and the process does not run out of memory.
 */
final class HeapBudget {
    private static final int MIB = 1 << 20;

    private final String use;
    private final long most;
    private final Optional<HeapBudget> whole;
    private final AtomicLong taken = new AtomicLong();

    /**
     * A budget by itself.
     *
     * @param use
     *            what it is for, as messages say it
     * @param most
     *            its bytes
     */
    HeapBudget(String use, long most) {
        this(use, most, Optional.empty());
    }

    /** A budget of at most so many of the bytes of {@code whole}. */
    HeapBudget(String use, long most, HeapBudget whole) {
        this(use, most, Optional.of(whole));
    }

    private HeapBudget(String use, long most, Optional<HeapBudget> whole) {
        this.use = use;
        this.most = most;
        this.whole = whole;
    }

    /** The bytes that it has in all. */
    long most() {
        return most;
    }

    /** The bytes that are taken at this moment. */
    long taken() {
        return taken.get();
    }

    /** A lease of nothing yet. */
    Lease lease() {
        return new Lease();
    }

    /** Bytes that somebody holds. For one thread at a time. */
    final class Lease implements AutoCloseable {
        private long bytes;

        /**
         * Holds so many bytes from now on.
         *
         * @throws RefusedException
         *             where there is no room for more now, or never for so many; it then holds what it held
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
