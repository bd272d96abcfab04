package dev.bgem3.memory;

import java.lang.foreign.MemorySegment;

/** Drops the pages of mapped files from this process's memory. */
public final class MappedPages {
    private MappedPages() {}

    /**
     * Drops all pages of a file mapped read-only; a page that is read again comes from the page cache or from
     * the file. Does nothing if the system has no such call or denies native access.
     */
    public static void drop(MemorySegment mapped) {
        SystemPages.find().ifPresent(system -> system.advise(mapped, SystemPages.MADV_DONTNEED));
    }
}
