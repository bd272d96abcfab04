package dev.bgem3.text;

/** Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
public final class Utf8 {
    private Utf8() {}

    /**
     * Decodes {@code bytes[from, to)} into {@code out} at {@code outFrom}, where there must be room for one
     * char per byte.
     *
     * @return the end of the output, or -1 minus the index of the first byte that is not UTF-8
     */
    public static int decode(byte[] bytes, int from, int to, char[] out, int outFrom) {
        int write = outFrom;
        int index = from;
        while (index < to) {
            int lead = bytes[index];
            if (lead >= 0) {
                out[write++] = (char) lead;
                index++;
                continue;
            }
            int length = sequenceLength(bytes, index, to);
            if (length < 0) {
                return -1 - index;
            }
            int codePoint = codePoint(bytes, index, length);
            if (codePoint < 0x10000) {
                out[write++] = (char) codePoint;
            } else {
                out[write++] = Character.highSurrogate(codePoint);
                out[write++] = Character.lowSurrogate(codePoint);
            }
            index += length;
        }
        return write;
    }

    /** Returns the length of the sequence at {@code index}, 1 to 4, or -1 if it is not UTF-8. */
    public static int sequenceLength(byte[] bytes, int index, int to) {
        int lead = bytes[index] & 0xFF;
        if (lead < 0x80) {
            return 1;
        }
        int length = lead < 0xC2 ? -1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : -1;
        if (length < 0 || index + length > to) {
            return -1;
        }
        for (int i = 1; i < length; i++) {
            if ((bytes[index + i] & 0xC0) != 0x80) {
                return -1;
            }
        }
        int second = bytes[index + 1] & 0xFF;
        boolean outside = lead == 0xE0 && second < 0xA0 || lead == 0xED && second > 0x9F
                || lead == 0xF0 && second < 0x90
                || lead == 0xF4 && second > 0x8F;
        return outside ? -1 : length;
    }

    /** Returns the code point of a sequence that {@link #sequenceLength} has validated. */
    public static int codePoint(byte[] bytes, int index, int length) {
        return switch (length) {
            case 1 -> bytes[index];
            case 2 -> (bytes[index] & 0x1F) << 6 | bytes[index + 1] & 0x3F;
            case 3 -> (bytes[index] & 0x0F) << 12 | (bytes[index + 1] & 0x3F) << 6 | bytes[index + 2] & 0x3F;
            default ->
                (bytes[index] & 0x07) << 18 | (bytes[index + 1] & 0x3F) << 12 | (bytes[index + 2] & 0x3F) << 6
                        | bytes[index + 3] & 0x3F;
        };
    }

    /** Returns the first byte of the code point's sequence, 0 to 0xF4. */
    public static int leadByte(int codePoint) {
        if (codePoint < 0x80) {
            return codePoint;
        }
        return codePoint < 0x800
                ? 0xC0 | codePoint >> 6
                : codePoint < 0x10000 ? 0xE0 | codePoint >> 12 : 0xF0 | codePoint >> 18;
    }

    /** Returns the number of bytes in the code point's sequence. */
    public static int length(int codePoint) {
        return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
    }
}
