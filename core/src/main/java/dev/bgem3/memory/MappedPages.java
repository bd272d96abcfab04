package dev.bgem3.memory;

import java.lang.foreign.MemorySegment;

/** The pages of mapped files that this process has in memory. */
public final class MappedPages {
    private MappedPages() {}

    /**
     * Takes a whole file, mapped read-only, out of this process's memory: a page that is read again comes
     * back from the system's cache, or from the file. On systems that cannot, or where native access is
     * denied, nothing happens.
     */
    public static void drop(MemorySegment mapped) {
        SystemPages.find().ifPresent(system -> system.advise(mapped, SystemPages.MADV_DONTNEED));
    }
}
