package dev.bgem3.asm;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/**
 * A function of assembled code. It takes a pointer to its argument block and returns nothing.
 *
 * <p>
 * While it runs, the calling thread does not reach a safepoint, so a garbage collection that starts has to
 * wait for it: keep calls well under a millisecond. Any number of threads may call at the same time. Memory
 * that the argument block points to must be off the heap and stay alive; the code does not check bounds.
 */
public final class Code {
    private final String name;
    private final MemorySegment bytes;
    /**
     * The code's address as a segment that belongs to no arena. A call keeps the arenas of its segments open
     * by incrementing and decrementing a counter, and threads that call code of a shared arena at the same
     * time would contend for that one counter.
     */
    private final MemorySegment entry;

    Code(String name, MemorySegment bytes) {
        this.name = name;
        this.bytes = bytes;
        entry = MemorySegment.ofAddress(bytes.address());
    }

    /** Returns the name for profiles and messages. */
    public String name() {
        return name;
    }

    /** Returns the code's bytes, read-only, alive as long as the arena that it was loaded into. */
    public MemorySegment bytes() {
        return bytes;
    }

    /**
     * Runs the code. The code's arena must not be closed during a call: that is not detected and crashes the
     * process.
     *
     * @param argumentBlock
     *            a native segment; if many threads call, not one of a shared arena
     * @throws IllegalStateException
     *            if the code's or the block's arena is closed
     */
    public void call(MemorySegment argumentBlock) {
        if (!bytes.scope().isAlive()) {
            throw new IllegalStateException("Already closed");
        }
        try {
            NativeCalls.callCode(entry, argumentBlock);
        } finally {
            Reference.reachabilityFence(bytes); // keeps an automatic arena alive
        }
    }

    @Override
    public String toString() {
        return name + ", " + bytes.byteSize() + " bytes at 0x" + Long.toHexString(bytes.address());
    }
}
