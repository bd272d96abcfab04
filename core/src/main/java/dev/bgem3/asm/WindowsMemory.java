package dev.bgem3.asm;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.bgem3.memory.SystemFunction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;

/** {@code VirtualAlloc}, {@code VirtualProtect} and {@code VirtualFree} of Windows. */
final class WindowsMemory implements SystemMemory {
    // winnt.h
    private static final int MEM_COMMIT = 0x1000;
    private static final int MEM_RESERVE = 0x2000;
    private static final int MEM_RELEASE = 0x8000;
    private static final int PAGE_READWRITE = 0x04;
    private static final int PAGE_EXECUTE_READ = 0x20;

    private final SystemFunction virtualAlloc;
    private final SystemFunction virtualProtect;
    private final SystemFunction virtualFree;

    WindowsMemory() {
        NativeCalls.checkAccess();
        SymbolLookup library = NativeCalls.windowsLibrary("kernel32", Arena.global());
        virtualAlloc = NativeCalls.function(library, "VirtualAlloc");
        virtualProtect = NativeCalls.function(library, "VirtualProtect");
        virtualFree = NativeCalls.function(library, "VirtualFree");
    }

    @Override
    public MemorySegment map(long size) {
        return MemorySegment.ofAddress(NativeCalls.call(virtualAlloc, result -> result == 0, 0, size,
                MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE));
    }

    @Override
    public void makeExecutable(MemorySegment pages, long size) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment former = arena.allocate(JAVA_INT); // the function requires it; nothing reads it
            NativeCalls.call(virtualProtect, WindowsMemory::hasFailed, pages.address(), size,
                    PAGE_EXECUTE_READ, former.address());
        }
    }

    @Override
    public void unmap(MemorySegment pages, long size) {
        // MEM_RELEASE requires size 0 and frees the whole reservation.
        NativeCalls.call(virtualFree, WindowsMemory::hasFailed, pages.address(), 0, MEM_RELEASE);
    }

    /** The result is a BOOL, an int, which is FALSE on failure. */
    private static boolean hasFailed(long result) {
        return (int) result == 0;
    }
}
