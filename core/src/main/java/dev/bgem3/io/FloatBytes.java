package dev.bgem3.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Converts fp32 and int32 numbers to and from little-endian bytes. */
public final class FloatBytes {
    private FloatBytes() {}

    /** Returns a buffer, positioned at 0, with room for {@code ints} ints followed by the values. */
    public static ByteBuffer of(int ints, float[] values) {
        ByteBuffer bytes = ByteBuffer
                .allocate(Math.multiplyExact(Math.addExact(ints, values.length), Float.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        bytes.position(ints * Integer.BYTES);
        bytes.asFloatBuffer().put(values);
        return bytes.rewind();
    }

    /** Returns the first {@code count} ints. */
    public static int[] ints(byte[] bytes, int count) {
        if (count < 0 || bytes.length < (long) count * Integer.BYTES) {
            throw new IllegalArgumentException(
                    "bytes: " + bytes.length + " (expected: at least " + count + " numbers of 4 bytes)");
        }
        int[] ints = new int[count];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(ints);
        return ints;
    }

    /** Returns the floats after the first {@code ints} ints. */
    public static float[] floats(byte[] bytes, int ints) {
        if (bytes.length % Float.BYTES != 0) {
            throw new IllegalArgumentException(
                    "bytes: " + bytes.length + " (expected: a multiple of " + Float.BYTES + ")");
        }
        float[] values = new float[bytes.length / Float.BYTES - ints];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).position(ints * Integer.BYTES).slice()
                .order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }
}
