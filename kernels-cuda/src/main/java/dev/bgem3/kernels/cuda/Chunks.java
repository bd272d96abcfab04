package dev.bgem3.kernels.cuda;

import java.util.ArrayList;
import java.util.List;

/**
 * Memory handed out front to back; what does not fit gets a chunk of its own, and the next reset makes one
 * chunk of the sum, so that a steady load allocates nothing. Not thread-safe.
 *
 * @param <M>
 *            a piece of memory
 */
final class Chunks<M> {
    /** Where the memory comes from. */
    interface Source<M> {
        M allocate(long bytes);

        void free(M memory);

        M slice(M memory, long offsetBytes, long bytes);
    }

    /** What the card's copies and 16-byte loads like best. */
    private static final long ALIGNMENT = 256;

    private record Chunk<M>(M memory, long bytes) {}

    private final Source<M> source;
    private final List<Chunk<M>> chunks = new ArrayList<>();
    private long used;
    /** Whether an allocation failed since the last reset. */
    private boolean failed;

    Chunks(Source<M> source) {
        this.source = source;
    }

    /** Memory of that size with unspecified contents, until the next reset. */
    M take(long bytes) {
        long size = Math.max(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        if (chunks.isEmpty() || used + size > chunks.getLast().bytes()) {
            failed = true;
            chunks.add(new Chunk<>(source.allocate(size), size));
            failed = false;
            used = 0;
        }
        M memory = source.slice(chunks.getLast().memory(), used, bytes);
        used += size;
        return memory;
    }

    /**
     * Takes everything back.
     *
     * @return whether what is handed out next may lie elsewhere than before
     */
    boolean reset() {
        used = 0;
        if (failed) {
            // There is no room for the sum; what is asked for next will be less.
            close();
            return true;
        }
        if (chunks.size() < 2) {
            return false;
        }
        long sum = chunks.stream().mapToLong(Chunk::bytes).sum();
        close();
        take(sum);
        used = 0;
        return true;
    }

    /** Frees everything; it can be used again. */
    void close() {
        failed = false;
        while (!chunks.isEmpty()) {
            source.free(chunks.removeLast().memory());
        }
        used = 0;
    }
}
