package dev.bgem3.asm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A growable buffer of little-endian code, whose 32-bit distances to labels are filled in at the end. Not
 * thread-safe.
 */
public final class CodeBuffer {
    /** Four bytes at {@code position} that hold the distance from {@code end} to the label. */
    private record Distance(int position, int end, Label label) {}

    private byte[] bytes = new byte[1024];
    private int size;
    private final List<Distance> distances = new ArrayList<>();

    /** Creates an empty buffer. */
    public CodeBuffer() {}

    /** Returns the number of bytes written so far. */
    public int position() {
        return size;
    }

    /** Appends the lowest 8 bits of a number. */
    public void int8(int value) {
        if (size == bytes.length) {
            bytes = Arrays.copyOf(bytes, 2 * size);
        }
        bytes[size++] = (byte) value;
    }

    /** Appends the lowest 8 bits of each number. */
    public void bytes(int... values) {
        for (int value : values) {
            int8(value);
        }
    }

    /** Appends 32 bits. */
    public void int32(int value) {
        bytes(value, value >> 8, value >> 16, value >> 24);
    }

    /** Appends 64 bits. */
    public void int64(long value) {
        int32((int) value);
        int32((int) (value >> 32));
    }

    /** Binds a label to the current position. */
    public void bind(Label label) {
        label.bind(size);
    }

    /**
     * Appends the 32-bit distance from the end of an instruction to a place near a label, which may be bound
     * later.
     *
     * @param addend
     *            how many bytes beyond the label the place is
     * @param following
     *            how many bytes of the instruction follow the distance
     */
    public void distance(Label label, int addend, int following) {
        distances.add(new Distance(position(), position() + 4 + following, label));
        int32(addend);
    }

    /**
     * Returns a copy of the code, with all distances filled in.
     *
     * @throws IllegalStateException
     *             if a label that is used is not bound
     */
    public byte[] toByteArray() {
        ByteBuffer code = ByteBuffer.wrap(Arrays.copyOf(bytes, size)).order(ByteOrder.LITTLE_ENDIAN);
        for (Distance distance : distances) {
            int addend = code.getInt(distance.position);
            code.putInt(distance.position, distance.label.position() + addend - distance.end);
        }
        return code.array();
    }
}
