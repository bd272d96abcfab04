package dev.bgem3.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.NoSuchElementException;
import java.util.Optional;

/**
 * Linux's calls for mapping and advising pages, if this code may call them without a warning. The constants
 * come from asm-generic/mman.h, which x86-64 and ARM share.
 */
@SuppressWarnings("restricted")
final class SystemPages {
    private static final long PROT_READ_WRITE = 3;
    private static final long MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final long NO_FILE = -1;
    private static final long FAILED = -1;

    /**
     * Linux drops the pages at once; other systems treat this as a hint, or give the number another meaning.
     */
    static final long MADV_DONTNEED = 4;
    static final long MADV_HUGEPAGE = 14;

    private static final Optional<SystemPages> THERE = open();

    private final SystemFunction mmap;
    private final SystemFunction munmap;
    private final SystemFunction madvise;

    private SystemPages(SymbolLookup library) {
        mmap = new SystemFunction(library, "mmap");
        munmap = new SystemFunction(library, "munmap");
        madvise = new SystemFunction(library, "madvise");
    }

    private static Optional<SystemPages> open() {
        if (!System.getProperty("os.name").equals("Linux")
                || !SystemPages.class.getModule().isNativeAccessEnabled()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new SystemPages(Linker.nativeLinker().defaultLookup()));
        } catch (UnsupportedOperationException | NoSuchElementException missing) {
            return Optional.empty(); // no native linker, or one of the functions is missing
        }
    }

    static Optional<SystemPages> find() {
        return THERE;
    }

    /**
     * Maps new memory filled with zeros, which takes up physical memory only where it is written and is
     * unmapped when the arena closes. Empty if the system refuses.
     */
    Optional<MemorySegment> map(Arena arena, long bytes) {
        long start = mmap.call(0, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, NO_FILE, 0).value();
        if (start == FAILED) {
            return Optional.empty();
        }
        try {
            return Optional.of(MemorySegment.ofAddress(start).reinterpret(bytes, arena,
                    all -> munmap.call(start, bytes)));
        } catch (IllegalStateException closed) {
            munmap.call(start, bytes);
            throw closed;
        }
    }

    /** Gives the system advice on pages; the result is ignored, as the contents are the same either way. */
    void advise(MemorySegment pages, long advice) {
        madvise.call(pages.address(), pages.byteSize(), advice);
    }
}
