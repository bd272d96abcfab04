package dev.bgem3.asm;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

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
    private static final MemorySegment MAP_FAILED = MemorySegment.ofAddress(-1);
    // Linux: asm-generic/mman-common.h; macOS: sys/mman.h
    private static final int MAP_ANONYMOUS_LINUX = 0x20;
    private static final int MAP_ANONYMOUS_MACOS = 0x1000;

    private static final int FAILED = -1;
    private static final String ERRNO = "errno";

    private final int flags;
    private final NativeCalls.Function mmap;
    private final NativeCalls.Function mprotect;
    private final NativeCalls.Function munmap;

    PosixMemory(boolean macos) {
        flags = MAP_PRIVATE | (macos ? MAP_ANONYMOUS_MACOS : MAP_ANONYMOUS_LINUX);
        SymbolLookup library = Linker.nativeLinker().defaultLookup();
        mmap = new NativeCalls.Function(library, "mmap", ERRNO, null, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT,
                JAVA_INT,
                JAVA_LONG);
        mprotect = new NativeCalls.Function(library, "mprotect", ERRNO, JAVA_INT, ADDRESS, JAVA_LONG,
                JAVA_INT);
        munmap = new NativeCalls.Function(library, "munmap", ERRNO, JAVA_INT, ADDRESS, JAVA_LONG);
    }

    @Override
    public MemorySegment map(long size) {
        return (MemorySegment) mmap.call(MAP_FAILED, MemorySegment.NULL, size, PROT_READ | PROT_WRITE, flags,
                -1, 0L);
    }

    @Override
    public void makeExecutable(MemorySegment pages, long size) {
        mprotect.call(FAILED, pages, size, PROT_READ | PROT_EXEC);
    }

    @Override
    public void unmap(MemorySegment pages, long size) {
        munmap.call(FAILED, pages, size);
    }
}
