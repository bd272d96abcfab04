package dev.bgem3.safetensors;

import java.lang.foreign.MemorySegment;

/** Content of any element type, which no reader of weights needs and so no writer gives. */
public final class Zeros {
    private Zeros() {}

    /** So many bytes of 0. */
    public static SafetensorsWriter.Content of(int bytes) {
        return sink -> sink.bytes(MemorySegment.ofArray(new byte[bytes]));
    }
}
