package dev.bgem3.asm;

import java.lang.foreign.MemorySegment;

/** Pages of the operating system: first writable, then executable, never both. */
sealed interface SystemMemory permits PosixMemory, WindowsMemory {
    /** Maps whole pages of at least this size, readable and writable. */
    MemorySegment map(long size);

    /** Makes pages readable and executable, and no longer writable. */
    void makeExecutable(MemorySegment pages, long size);

    /** Unmaps pages. */
    void unmap(MemorySegment pages, long size);
}
