package dev.bgem3.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A shared arena whose memory lies in pages of 2 MiB where the system has them: on Linux, whose transparent
 * huge pages are {@code madvise} or {@code always}.
 *
 * <p>
 * It is for weights and tensors, which are read over and over. A processor keeps the places of a few thousand
 * pages, no more than 16 MiB of small ones, and waits at every further page.
 *
 * <p>
 * Memory is handed out front to back from slabs, each as large as all that was allocated before it up to 64
 * MiB, and larger where one request is; a slab takes up room where it is written. What comes before there are
 * 2 MiB is allocated as any other memory, and so is all where native access is denied, the system refuses, or
 * an alignment is larger than a page. Thread-safe.
 */
public final class PageArena implements Arena {
    private static final long PAGE_BYTES = 2 << 20;
    private static final long MAX_SLAB_BYTES = 64 << 20;

    private final Arena arena = Arena.ofShared();
    /** The one that is handed out from; none at first. */
    private Optional<MemorySegment> slab = Optional.empty();
    /** Of the slab. */
    private long used;
    /** Of all slabs and all that is outside of them. */
    private long allocated;

    /** Zeros, as any arena's. */
    @Override
    public synchronized MemorySegment allocate(long bytes, long alignment) {
        boolean pagesFit = bytes > 0 && bytes <= Long.MAX_VALUE - 2 * PAGE_BYTES
                && Long.bitCount(alignment) == 1 && alignment <= PAGE_BYTES && arena.scope().isAlive();
        if (!pagesFit) {
            return arena.allocate(bytes, alignment); // Which refuses what no arena takes.
        }
        long start = Math.ceilDiv(used, alignment) * alignment;
        if (slab.isEmpty() || bytes > slab.get().byteSize() - start) {
            long size = Math.max(bytes, Math.min(MAX_SLAB_BYTES, allocated));
            Optional<MemorySegment> next = size < PAGE_BYTES
                    ? Optional.empty()
                    : pages(Math.ceilDiv(size, PAGE_BYTES) * PAGE_BYTES);
            if (next.isEmpty()) {
                allocated += bytes;
                return arena.allocate(bytes, alignment); // Which says so where there is no memory left.
            }
            slab = next;
            allocated += next.get().byteSize();
            start = 0;
        }
        used = start + bytes;
        return slab.get().asSlice(start, bytes);
    }

    private Optional<MemorySegment> pages(long bytes) {
        return SystemPages.find().flatMap(system -> system.map(arena, bytes + PAGE_BYTES).map(mapped -> {
            long past = mapped.address() % PAGE_BYTES;
            MemorySegment pages = mapped.asSlice(past == 0 ? 0 : PAGE_BYTES - past, bytes);
            system.advise(pages, SystemPages.MADV_HUGEPAGE);
            return pages;
        }));
    }

    @Override
    public MemorySegment.Scope scope() {
        return arena.scope();
    }

    @Override
    public synchronized void close() {
        arena.close();
    }
}
