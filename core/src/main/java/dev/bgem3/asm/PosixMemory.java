package dev.bgem3.asm;

import dev.bgem3.memory.SystemFunction;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;

/** {@code mmap}, {@code mprotect} and {@code munmap} of Linux and macOS. */
final class PosixMemory implements SystemMemory {
    // sys/mman.h; the same on both systems
    private static final int PROT_READ = 0x1;
    private static final int PROT_WRITE = 0x2;
    private static final int PROT_EXEC = 0x4;
    private static final int MAP_PRIVATE = 0x2;
    private static final long MAP_FAILED = -1;
    // Linux: asm-generic/mman-common.h; macOS: sys/mman.h
    private static final int MAP_ANONYMOUS_LINUX = 0x20;
    private static final int MAP_ANONYMOUS_MACOS = 0x1000;
    private static final int NO_FILE = -1;

    private final int flags;
    private final SystemFunction mmap;
    private final SystemFunction mprotect;
    private final SystemFunction munmap;

    PosixMemory(boolean macos) {
        flags = MAP_PRIVATE | (macos ? MAP_ANONYMOUS_MACOS : MAP_ANONYMOUS_LINUX);
        SymbolLookup library = Linker.nativeLinker().defaultLookup();
        mmap = NativeCalls.function(library, "mmap");
        mprotect = NativeCalls.function(library, "mprotect");
        munmap = NativeCalls.function(library, "munmap");
    }

    @Override
    public MemorySegment map(long size) {
        return MemorySegment.ofAddress(NativeCalls.call(mmap, result -> result == MAP_FAILED, 0, size,
                PROT_READ | PROT_WRITE, flags, NO_FILE, 0));
    }

    @Override
    public void makeExecutable(MemorySegment pages, long size) {
        NativeCalls.call(mprotect, PosixMemory::hasFailed, pages.address(), size, PROT_READ | PROT_EXEC);
    }

    @Override
    public void unmap(MemorySegment pages, long size) {
        NativeCalls.call(munmap, PosixMemory::hasFailed, pages.address(), size);
    }

    /** The result is an int: 0, or -1 on failure. */
    private static boolean hasFailed(long result) {
        return (int) result != 0;
    }
}
