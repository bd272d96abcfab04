package dev.bgem3.asm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Growing code: bytes, ModRM with its address, and 32-bit distances to labels that are filled in at the end. */
final class CodeBuffer {
    /** The recommended no-operation of each length, 1 to 9 bytes (Intel SDM volume 2B, NOP, table 4-12). */
    private static final int[][] NOPS = {{}, {0x90}, {0x66, 0x90}, {0x0F, 0x1F, 0x00},
            {0x0F, 0x1F, 0x40, 0x00}, {0x0F, 0x1F, 0x44, 0x00, 0x00}, {0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00},
            {0x0F, 0x1F, 0x80, 0x00, 0x00, 0x00, 0x00}, {0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
            {0x66, 0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00}};

    /** Four bytes at {@code position} that hold the distance from {@code end} to the label. */
    private record Distance(int position, int end, Label label) {}

    private byte[] bytes = new byte[1024];
    private int size;
    private final List<Distance> distances = new ArrayList<>();

    int position() {
        return size;
    }

    void int8(int value) {
        if (size == bytes.length) {
            bytes = Arrays.copyOf(bytes, 2 * size);
        }
        bytes[size++] = (byte) value;
    }

    void bytes(int... values) {
        for (int value : values) {
            int8(value);
        }
    }

    void int32(int value) {
        bytes(value, value >> 8, value >> 16, value >> 24);
    }

    void int64(long value) {
        int32((int) value);
        int32((int) (value >> 32));
    }

    /** The distance to {@code addend} bytes beyond a label, from the end of an instruction with {@code following} bytes more. */
    void distance(Label label, int addend, int following) {
        distances.add(new Distance(position(), position() + 4 + following, label));
        int32(addend);
    }

    /** Fills with no-operations up to a multiple of {@code boundary}. */
    void align(int boundary) {
        int gap = -position() & (boundary - 1);
        while (gap > 0) {
            int length = Math.min(gap, NOPS.length - 1);
            bytes(NOPS[length]);
            gap -= length;
        }
    }

    /**
     * A ModRM byte between two registers; bits beyond the third belong to the prefix.
     *
     * <pre>
     * | mod = 11 | reg 3 bits | rm 3 bits |
     * </pre>
     */
    void modRm(int reg, int rm) {
        int8(0b11 << 6 | (reg & 7) << 3 | rm & 7);
    }

    /**
     * A ModRM byte with an address, and the SIB byte and displacement that it asks for.
     *
     * <pre>
     * | mod | reg 3 bits | rm 3 bits |   | scale 2 bits | index 3 bits | base 3 bits |   | disp8 or disp32 |
     * </pre>
     *
     * @param unit
     *            what one step of an 8-bit displacement is worth: 1, or EVEX's N
     * @param following
     *            immediate bytes that the instruction still has to come
     */
    void modRm(int reg, Mem mem, int unit, int following) {
        if (mem.label() != null) {
            int8((reg & 7) << 3 | 0b101); // mod 00 with rm 101: relative to rip
            distance(mem.label(), mem.displacement(), following);
            return;
        }
        int base = mem.base().number() & 7;
        int displacement = mem.displacement();
        boolean compressed = displacement % unit == 0 && Ranges.isInt8(displacement / unit);
        // Base 101 with mod 00 would mean "no base", so rbp and r13 always have a displacement.
        int mod = displacement == 0 && base != 0b101 ? 0b00 : compressed ? 0b01 : 0b10;
        // rm 100 means "a SIB byte follows", so rsp and r12 always have one; index 100 means "none".
        boolean sib = mem.index() != null || base == 0b100;
        int8(mod << 6 | (reg & 7) << 3 | (sib ? 0b100 : base));
        if (sib) {
            int index = mem.index() == null ? 0b100 : mem.index().number() & 7;
            int8(Integer.numberOfTrailingZeros(mem.scale()) << 6 | index << 3 | base);
        }
        if (mod == 0b01) {
            int8(displacement / unit);
        } else if (mod == 0b10) {
            int32(displacement);
        }
    }

    byte[] toByteArray() {
        ByteBuffer code = ByteBuffer.wrap(Arrays.copyOf(bytes, size)).order(ByteOrder.LITTLE_ENDIAN);
        for (Distance distance : distances) {
            int addend = code.getInt(distance.position);
            code.putInt(distance.position, distance.label.position() + addend - distance.end);
        }
        return code.array();
    }
}
