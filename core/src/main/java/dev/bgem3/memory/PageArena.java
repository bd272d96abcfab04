package dev.bgem3.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A shared arena that allocates in pages of 2 MiB if the system has them: on Linux, if transparent huge
 * pages are set to {@code madvise} or {@code always}.
 *
 * <p>
 * It is for weights and tensors, which are read repeatedly. A processor's TLB covers a few thousand pages, at
 * most 16 MiB of small ones, and every page beyond that costs a page walk.
 *
 * <p>
 * Memory is allocated from slabs, front to back. A new slab is as large as everything allocated before it, at
 * most 64 MiB, or as large as the request if that is larger; it takes up physical memory only where it is
 * written. Until 2 MiB have been allocated, memory comes from an ordinary shared arena; so it does if
 * native access is denied, the system refuses, or the alignment is larger than a page. Thread-safe.
 */
public final class PageArena implements Arena {
    private static final long PAGE_BYTES = 2 << 20;
    private static final long MAX_SLAB_BYTES = 64 << 20;

    private final Arena arena = Arena.ofShared();
    /** The slab to allocate from; empty until the first one is mapped. */
    private Optional<MemorySegment> slab = Optional.empty();
    /** Bytes of the slab in use. */
    private long used;
    /** Bytes of all slabs, and of all allocations outside them. */
    private long allocated;

    /** Allocates memory filled with zeros, as every arena does. */
    @Override
    public synchronized MemorySegment allocate(long bytes, long alignment) {
        boolean pagesFit = bytes > 0 && bytes <= Long.MAX_VALUE - 2 * PAGE_BYTES
                && Long.bitCount(alignment) == 1 && alignment <= PAGE_BYTES && arena.scope().isAlive();
        if (!pagesFit) {
            return arena.allocate(bytes, alignment); // throws for invalid arguments
        }
        long start = Math.ceilDiv(used, alignment) * alignment;
        if (slab.isEmpty() || bytes > slab.get().byteSize() - start) {
            long size = Math.max(bytes, Math.min(MAX_SLAB_BYTES, allocated));
            Optional<MemorySegment> next = size < PAGE_BYTES
                    ? Optional.empty()
                    : pages(Math.ceilDiv(size, PAGE_BYTES) * PAGE_BYTES);
            if (next.isEmpty()) {
                allocated += bytes;
                return arena.allocate(bytes, alignment); // throws if there is no memory left
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
