package dev.bgem3.asm;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

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

    private static final int FAILED = 0; // BOOL FALSE
    private static final String LAST_ERROR = "GetLastError";

    private final NativeCalls.Function virtualAlloc;
    private final NativeCalls.Function virtualProtect;
    private final NativeCalls.Function virtualFree;

    WindowsMemory() {
        NativeCalls.checkAccess();
        SymbolLookup library = NativeCalls.windowsLibrary("kernel32", Arena.global());
        virtualAlloc = new NativeCalls.Function(library, "VirtualAlloc", LAST_ERROR, null, ADDRESS, JAVA_LONG,
                JAVA_INT,
                JAVA_INT);
        virtualProtect = new NativeCalls.Function(library, "VirtualProtect", LAST_ERROR, JAVA_INT, ADDRESS,
                JAVA_LONG,
                JAVA_INT, ADDRESS);
        virtualFree = new NativeCalls.Function(library, "VirtualFree", LAST_ERROR, JAVA_INT, ADDRESS,
                JAVA_LONG,
                JAVA_INT);
    }

    @Override
    public MemorySegment map(long size) {
        return (MemorySegment) virtualAlloc.call(MemorySegment.NULL, MemorySegment.NULL, size,
                MEM_COMMIT | MEM_RESERVE,
                PAGE_READWRITE);
    }

    @Override
    public void makeExecutable(MemorySegment pages, long size) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment former = arena.allocate(JAVA_INT); // required, though nothing reads it
            virtualProtect.call(FAILED, pages, size, PAGE_EXECUTE_READ, former);
        }
    }

    @Override
    public void unmap(MemorySegment pages, long size) {
        virtualFree.call(FAILED, pages, 0L, MEM_RELEASE); // the size of a release is 0: all that was reserved
    }
}
