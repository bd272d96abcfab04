package dev.bgem3.asm;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/**
 * A function of assembled code. It takes one pointer, to its argument block, and returns nothing.
 *
 * <p>
 * While it runs, the calling thread reaches no safepoint, so a garbage collection that begins waits for it:
 * let a call take well under a millisecond. Calls may run in any number of threads at a time. What the
 * argument block points to must stay alive and off the heap; code checks no bounds.
 */
public final class Code {
    private final String name;
    private final MemorySegment bytes;
    /**
     * Where they start, in a segment of no arena: a call keeps the arenas of the segments that it is given
     * open by counting itself in and out, and threads that call code at the same time would wait for one
     * another at an arena's one counter.
     */
    private final MemorySegment entry;

    Code(String name, MemorySegment bytes) {
        this.name = name;
        this.bytes = bytes;
        entry = MemorySegment.ofAddress(bytes.address());
    }

    /** What it is called in profiles and messages. */
    public String name() {
        return name;
    }

    /** Its bytes, read-only; they end with the arena that it was loaded into. */
    public MemorySegment bytes() {
        return bytes;
    }

    /**
     * Runs it. Whoever closes the code's arena sees to it that no call is under way: that is not detected,
     * and ends the process.
     *
     * @param argumentBlock
     *            a native segment; not of a shared arena, where many threads call
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
            Reference.reachabilityFence(bytes); // Of an automatic arena.
        }
    }

    @Override
    public String toString() {
        return name + ", " + bytes.byteSize() + " bytes at 0x" + Long.toHexString(bytes.address());
    }
}
