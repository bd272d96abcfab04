package dev.bgem3.asm;

import java.lang.foreign.MemorySegment;

/** Pages of the operating system: first writable, then executable, never both. */
sealed interface SystemMemory permits PosixMemory, WindowsMemory {
    /** Whole pages, readable and writable, of at least this size. */
    MemorySegment map(long size);

    /** Makes pages readable and executable, and no longer writable. */
    void makeExecutable(MemorySegment pages, long size);

    /** Gives pages back. */
    void unmap(MemorySegment pages, long size);
}
