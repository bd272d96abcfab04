package dev.bgem3.tokenizer;

import dev.bgem3.text.Utf8;
import java.util.Arrays;

/**
 * A strict pull parser for one protocol buffers message ({@code protobuf.dev/programming-guides/encoding}).
 *
 * <p>It checks every length against the enclosing message and rejects groups. Not thread-safe.
 */
final class ProtobufReader {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int LENGTH_DELIMITED = 2;
    private static final int FIXED32 = 5;
    private static final int MAX_VARINT_BYTES = 10;

    private final SourceFile file;
    private final byte[] bytes;
    private int position;
    private int end;
    private int wireType;

    ProtobufReader(SourceFile file) {
        this.file = file;
        bytes = file.bytes();
        end = bytes.length;
    }

    /** Returns the exception for an error at the current position. */
    TokenizerException error(String message) {
        return file.error("byte " + position + ": " + message);
    }

    /** Returns the number of the next field, or 0 at the end; the caller must then read or skip the field. */
    int nextField() {
        if (position == end) {
            return 0;
        }
        long tag = varint();
        long field = tag >>> 3;
        wireType = (int) tag & 7;
        if (field < 1 || field > (1 << 29) - 1) {
            throw error("field number " + field + " (expected: 1.." + ((1 << 29) - 1) + ")");
        }
        return (int) field;
    }

    /** Enters a nested message and returns a mark for {@link #leave}. */
    int enter() {
        int length = length();
        int mark = end;
        end = position + length;
        return mark;
    }

    /** Leaves the nested message, which has been read to its end. */
    void leave(int mark) {
        end = mark;
    }

    int intValue() {
        require(VARINT);
        return (int) varint();
    }

    boolean boolValue() {
        require(VARINT);
        return varint() != 0;
    }

    float floatValue() {
        require(FIXED32);
        requireBytes(Float.BYTES);
        int bits = bytes[position] & 0xFF | (bytes[position + 1] & 0xFF) << 8
                | (bytes[position + 2] & 0xFF) << 16
                | bytes[position + 3] << 24;
        position += Float.BYTES;
        return Float.intBitsToFloat(bits);
    }

    /** Reads UTF-8 text of at most {@code out.length} bytes and returns how many chars it has. */
    int text(char[] out) {
        int length = length();
        if (length > out.length) {
            throw error("text of " + length + " bytes (expected: at most " + out.length + ")");
        }
        int written = Utf8.decode(bytes, position, position + length, out, 0);
        if (written < 0) {
            position = -1 - written;
            throw error("not UTF-8");
        }
        position += length;
        return written;
    }

    byte[] byteString() {
        int length = length();
        byte[] value = Arrays.copyOfRange(bytes, position, position + length);
        position += length;
        return value;
    }

    void skip() {
        switch (wireType) {
            case VARINT -> varint();
            case FIXED64 -> skipBytes(Long.BYTES);
            case LENGTH_DELIMITED -> skipBytes(length());
            case FIXED32 -> skipBytes(Integer.BYTES);
            default -> throw error("wire type " + wireType + " (expected: 0, 1, 2 or 5)");
        }
    }

    private void skipBytes(int count) {
        requireBytes(count);
        position += count;
    }

    private int length() {
        require(LENGTH_DELIMITED);
        long length = varint();
        if (length < 0 || length > end - position) {
            throw error("a length of " + Long.toUnsignedString(length) + " bytes (expected: at most the "
                    + (end - position)
                    + " left)");
        }
        return (int) length;
    }

    private long varint() {
        if (position < end && bytes[position] >= 0) {
            return bytes[position++];
        }
        long value = 0;
        for (int i = 0; i < MAX_VARINT_BYTES; i++) {
            requireBytes(1);
            byte next = bytes[position++];
            value |= (long) (next & 0x7F) << 7 * i;
            if (next >= 0) {
                return value;
            }
        }
        throw error("a number of more than " + MAX_VARINT_BYTES + " bytes");
    }

    private void require(int expected) {
        if (wireType != expected) {
            throw error("wire type " + wireType + " (expected: " + expected + ")");
        }
    }

    private void requireBytes(int count) {
        if (count > end - position) {
            throw error("the message ends (expected: " + count + " more bytes)");
        }
    }
}
