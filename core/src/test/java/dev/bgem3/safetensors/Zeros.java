package dev.bgem3.safetensors;

import java.lang.foreign.MemorySegment;

/** Supplies zeros of any element type, which only tests need. */
public final class Zeros {
    private Zeros() {}

    /** Returns content of {@code bytes} zero bytes. */
    public static SafetensorsWriter.Content of(int bytes) {
        return sink -> sink.bytes(MemorySegment.ofArray(new byte[bytes]));
    }
}
