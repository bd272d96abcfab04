package dev.bgem3.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.NoSuchElementException;
import java.util.Optional;

/**
 * Linux's calls for pages, where there are such and this code may make them without a warning; the constants are those of
 * asm-generic/mman.h, which x86-64 and ARM share.
 */
@SuppressWarnings("restricted")
final class SystemPages {
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final long FAILED = -1;

    /** Other systems take it for advice, or give it another meaning. */
    static final int MADV_DONTNEED = 4;
    static final int MADV_HUGEPAGE = 14;

    private static final Optional<SystemPages> THERE = open();

    private final MethodHandle mmap = function("mmap", ValueLayout.ADDRESS, ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT,
            ValueLayout.JAVA_LONG);
    private final MethodHandle munmap = function("munmap", ValueLayout.JAVA_INT, ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG);
    private final MethodHandle madvise = function("madvise", ValueLayout.JAVA_INT, ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT);

    private SystemPages() {}

    private static Optional<SystemPages> open() {
        if (!System.getProperty("os.name").equals("Linux")
                || !SystemPages.class.getModule().isNativeAccessEnabled()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new SystemPages());
        } catch (UnsupportedOperationException | NoSuchElementException missing) {
            return Optional.empty(); // Of the linker, or of a function.
        }
    }

    private static MethodHandle function(String name, MemoryLayout result, MemoryLayout... parameters) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(result, parameters));
    }

    static Optional<SystemPages> find() {
        return THERE;
    }

    /** New memory, all zeros, which takes up room where it is written and ends with the arena; empty where the system refuses. */
    Optional<MemorySegment> map(Arena arena, long bytes) {
        MemorySegment start = (MemorySegment) call(mmap, MemorySegment.NULL, bytes, PROT_READ_WRITE,
                MAP_PRIVATE_ANONYMOUS, -1, 0L);
        if (start.address() == FAILED) {
            return Optional.empty();
        }
        try {
            return Optional.of(start.reinterpret(bytes, arena, all -> call(munmap, all, bytes)));
        } catch (IllegalStateException closed) {
            call(munmap, start, bytes);
            throw closed;
        }
    }

    /** What the system answers does not matter: the contents are the same either way. */
    void advise(MemorySegment pages, int advice) {
        call(madvise, pages, pages.byteSize(), advice);
    }

    private static Object call(MethodHandle function, Object... arguments) {
        try {
            return function.invokeWithArguments(arguments);
        } catch (RuntimeException | Error known) {
            throw known;
        } catch (Throwable impossible) {
            throw new AssertionError("a call of the system threw", impossible);
        }
    }
}
