package dev.bgem3.io;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A shared arena whose memory lies in pages of 2 MiB where the system has them: on Linux, whose transparent huge pages are
 * {@code madvise} or {@code always}.
 *
 * <p>
 * It is for weights and tensors, which are read over and over. A processor keeps the places of a few thousand pages, no more than 16 MiB of
 * small ones, and waits at every further page. Where native access is denied, or on other systems, it is an arena as any other.
 *
 * <p>
 * Memory is handed out front to back from slabs, each as large as all before it up to 64 MiB, and larger where one request is; a slab takes
 * up room where it is written. Thread-safe.
 */
public final class PageArena implements Arena {
    private static final long PAGE_BYTES = 2 << 20;
    private static final long MOST_SLAB_BYTES = 64 << 20;

    private final Arena arena = Arena.ofShared();
    private MemorySegment slab = MemorySegment.NULL;
    private long used;
    private long sum;

    /** Zeros, as any arena's. */
    @Override
    public synchronized MemorySegment allocate(long bytes, long alignment) {
        if (alignment > PAGE_BYTES) {
            return arena.allocate(bytes, alignment);
        }
        long start = Math.ceilDiv(used, alignment) * alignment;
        if (start + bytes > slab.byteSize()) {
            long size = Math.max(bytes, Math.min(MOST_SLAB_BYTES, sum));
            Optional<MemorySegment> pages = size < PAGE_BYTES
                    ? Optional.empty()
                    : pages(Math.ceilDiv(size, PAGE_BYTES) * PAGE_BYTES);
            if (pages.isEmpty()) {
                sum += bytes;
                return arena.allocate(bytes, alignment); // Says so where there is no memory left.
            }
            slab = pages.get();
            sum += slab.byteSize();
            start = 0;
        }
        used = start + bytes;
        return slab.asSlice(start, bytes);
    }

    @SuppressWarnings("restricted")
    private Optional<MemorySegment> pages(long bytes) {
        return SystemPages.find().flatMap(system -> system.map(bytes + PAGE_BYTES).map(mapped -> {
            MemorySegment owned;
            try {
                owned = mapped.reinterpret(arena, system::unmap);
            } catch (IllegalStateException closed) {
                system.unmap(mapped);
                throw closed;
            }
            long past = mapped.address() % PAGE_BYTES;
            MemorySegment pages = owned.asSlice(past == 0 ? 0 : PAGE_BYTES - past, bytes);
            system.advise(pages, SystemPages.MADV_HUGEPAGE);
            return pages;
        }));
    }

    @Override
    public MemorySegment.Scope scope() {
        return arena.scope();
    }

    @Override
    public void close() {
        arena.close();
    }
}
