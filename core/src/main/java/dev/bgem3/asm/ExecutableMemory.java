package dev.bgem3.asm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Memory for assembled code. It is mapped readable and writable, filled, and then made readable and
 * executable; it is never both writable and executable. Thread-safe.
 */
public final class ExecutableMemory {
    private static final Object LOCK = new Object();
    private static SystemMemory system;

    private ExecutableMemory() {}

    /**
     * Copies code into executable memory of its own.
     *
     * @param arena
     *            owns the memory; closing it unmaps the code, so no call may be running
     * @param name
     *            the name that profilers show, see {@link PerfMap}
     * @param code
     *            a position-independent function for this machine's processor and calling convention that
     *            takes one pointer
     * @throws CodeUnavailableException
     *            if the operating system or the JVM does not allow it; the message says which
     */
    public static Code load(Arena arena, String name, byte[] code) {
        SystemMemory memory = system();
        int size = code.length;
        MemorySegment pages = memory.map(size);
        MemorySegment owned;
        try {
            MemorySegment.copy(code, 0, NativeCalls.view(pages, size), ValueLayout.JAVA_BYTE, 0,
                    size);
            memory.makeExecutable(pages, size);
            owned = NativeCalls.adopt(pages, size, arena, () -> memory.unmap(pages, size));
        } catch (RuntimeException failure) { // access is denied, or the arena is closed
            memory.unmap(pages, size);
            throw failure;
        }
        PerfMap.add(name, owned);
        return new Code(name, owned.asReadOnly());
    }

    private static SystemMemory system() {
        synchronized (LOCK) {
            if (system == null) {
                system = open();
            }
            return system;
        }
    }

    private static SystemMemory open() {
        String name = System.getProperty("os.name");
        boolean windows = name.startsWith("Windows");
        boolean macos = name.startsWith("Mac");
        if (!windows && !macos && !name.equals("Linux")) {
            throw new CodeUnavailableException(
                    "operating system: " + name + " (expected: Linux, macOS or Windows)");
        }
        NativeCalls.checkAccess();
        return windows ? new WindowsMemory() : new PosixMemory(macos);
    }
}
