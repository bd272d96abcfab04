package dev.bgem3.tokenizer;

import dev.bgem3.text.Utf8;
import java.util.Arrays;

/**
 * SentencePiece's precompiled charsmap: a double-array trie from UTF-8 keys to replacements.
 *
 * <p>The blob's format, all numbers little-endian:
 *
 * <pre>
 * [int32] bytes of the trie
 * [int32] units of a darts-clone double array, each: bits 0-7 label, 8 has a leaf, 9 and 10-30 offset, 31 set
 * in a leaf;
 *         a leaf's other bits are its value
 * [bytes] replacements in UTF-8, each ended by NUL; a value is the offset of one
 * </pre>
 *
 * <p>The constructor checks every unit, so that look-ups need not. Immutable.
 */
final class Charsmap {
    /** No replacement. */
    static final int NONE = -1;
    /**
     * U+FDFA becomes 33 bytes, the longest of NFKC; the bound keeps the normalised text's length in
     * proportion.
     */
    private static final int MAX_REPLACEMENT_BYTES = 512;
    /** A unit's children stand in its block of 256. */
    private static final int BLOCK = 256;
    private static final int LEAF = 1 << 31;

    private final int[] units;
    private final byte[] replacements;

    Charsmap(SourceFile file, byte[] blob) {
        if (blob.length < Integer.BYTES) {
            throw file.error("precompiled charsmap: " + blob.length + " bytes (expected: at least 4)");
        }
        long trieBytes = Integer.toUnsignedLong(littleEndian(blob, 0));
        if (trieBytes == 0 || trieBytes % (BLOCK * Integer.BYTES) != 0
                || trieBytes > blob.length - Integer.BYTES) {
            throw file.error(
                    "precompiled charsmap: trie of " + trieBytes + " bytes (expected: a positive multiple of "
                            + BLOCK * Integer.BYTES + ", at most the " + (blob.length - Integer.BYTES)
                            + " that follow)");
        }
        units = new int[(int) trieBytes / Integer.BYTES];
        for (int i = 0; i < units.length; i++) {
            units[i] = littleEndian(blob, Integer.BYTES + i * Integer.BYTES);
        }
        replacements = Arrays.copyOfRange(blob, Integer.BYTES + (int) trieBytes, blob.length);
        checkUnits(file, checkReplacements(file));
    }

    /**
     * Checks the text and returns where each byte's replacement may begin: at a character, not too far from
     * its NUL.
     */
    private boolean[] checkReplacements(SourceFile file) {
        boolean[] valid = new boolean[replacements.length];
        for (int index = 0; index < replacements.length;) {
            int length = Utf8.sequenceLength(replacements, index, replacements.length);
            if (length < 0) {
                throw file.error("precompiled charsmap: replacements are not UTF-8 at byte " + index);
            }
            valid[index] = true;
            index += length;
        }
        if (replacements.length > 0 && replacements[replacements.length - 1] != 0) {
            throw file.error("precompiled charsmap: the last replacement is not ended by NUL");
        }
        int end = 0;
        for (int index = replacements.length - 1; index >= 0; index--) {
            if (replacements[index] == 0) {
                end = index;
            }
            valid[index] &= end - index <= MAX_REPLACEMENT_BYTES;
        }
        return valid;
    }

    private void checkUnits(SourceFile file, boolean[] validReplacement) {
        if (units[0] < 0) {
            throw file.error("precompiled charsmap: unit 0 is a leaf (expected: the root)");
        }
        for (int index = 0; index < units.length; index++) {
            int unit = units[index];
            if (unit < 0) {
                continue;
            }
            int target = index ^ offset(unit);
            if (target >= units.length) {
                throw file.error("precompiled charsmap: unit " + index + " points to unit " + target
                        + " (expected: below "
                        + units.length + ")");
            }
            if (hasLeaf(unit)) {
                int value = units[target] & ~LEAF;
                if (value >= validReplacement.length || !validReplacement[value]) {
                    throw file.error(
                            "precompiled charsmap: unit " + index + " has the replacement at byte " + value
                                    + " (expected: the beginning of one of at most " + MAX_REPLACEMENT_BYTES
                                    + " bytes within the "
                                    + validReplacement.length + ")");
                }
            }
        }
    }

    /** Whether any key begins with this byte, which is not 0. */
    boolean hasKeyFrom(int leadByte) {
        return (units[offset(units[0]) ^ leadByte] & (LEAF | 0xFF)) == leadByte;
    }

    /**
     * Looks up the first, shortest key that is a prefix of the characters {@code text[from, to)}.
     *
     * @return where its replacement begins, or {@link #NONE}
     */
    int find(char[] text, int from, int to) {
        int position = offset(units[0]);
        for (int index = from; index < to;) {
            int codePoint = GraphemeClusters.codePointAt(text, index, to);
            index += Character.charCount(codePoint);
            for (int remaining = Utf8.length(codePoint) - 1, first = remaining; remaining >= 0; remaining--) {
                int label = utf8Byte(codePoint, first, remaining);
                position ^= label;
                int unit = units[position];
                // NUL ends a key in the trie and therefore is in none.
                if (label == 0 || (unit & (LEAF | 0xFF)) != label) {
                    return NONE;
                }
                position ^= offset(unit);
                if (hasLeaf(unit)) {
                    return units[position] & ~LEAF;
                }
            }
        }
        return NONE;
    }

    /** The end of the replacement that begins at {@code from}: where its NUL stands. */
    int replacementEnd(int from) {
        int end = from;
        while (replacements[end] != 0) {
            end++;
        }
        return end;
    }

    /** Writes the replacement {@code [from, to)} at {@code out[outFrom]} and returns the end. */
    int writeReplacement(int from, int to, char[] out, int outFrom) {
        return Utf8.decode(replacements, from, to, out, outFrom);
    }

    /**
     * The byte of a code point's UTF-8 form that has {@code remaining} bytes after it; {@code first} follow
     * the lead.
     */
    private static int utf8Byte(int codePoint, int first, int remaining) {
        return remaining < first ? 0x80 | codePoint >> 6 * remaining & 0x3F : Utf8.leadByte(codePoint);
    }

    private static boolean hasLeaf(int unit) {
        return (unit & 1 << 8) != 0;
    }

    private static int offset(int unit) {
        return unit >>> 10 << ((unit & 1 << 9) >>> 6);
    }

    private static int littleEndian(byte[] bytes, int at) {
        return bytes[at] & 0xFF | (bytes[at + 1] & 0xFF) << 8 | (bytes[at + 2] & 0xFF) << 16
                | bytes[at + 3] << 24;
    }
}
