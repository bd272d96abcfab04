package dev.bgem3.kernels.cuda;

import java.util.ArrayList;
import java.util.List;

/**
 * Hands out memory from front to back. A request that does not fit gets a new chunk, and the next reset
 * replaces all chunks by one of their total size, so that a steady load allocates nothing. Not thread-safe.
 *
 * @param <M>
 *            the type of a piece of memory
 */
final class Chunks<M> {
    /** Allocates and frees the chunks. */
    interface Source<M> {
        M allocate(long bytes);

        void free(M memory);

        M slice(M memory, long offsetBytes, long bytes);
    }

    /** An alignment that suits the GPU's copies and 16-byte loads. */
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

    /** Returns memory of this size with unspecified contents, valid until the next reset. */
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
     * Makes all memory available again.
     *
     * @return whether the addresses handed out next may differ from those before
     */
    boolean reset() {
        used = 0;
        if (failed) {
            // The total did not fit, so start again; the next requests will be smaller.
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

    /** Frees all memory; the object remains usable. */
    void close() {
        failed = false;
        while (!chunks.isEmpty()) {
            source.free(chunks.removeLast().memory());
        }
        used = 0;
    }
}
