package dev.bgem3.tokenizer;

import dev.bgem3.text.Utf8;
import java.util.Arrays;

/**
 * SentencePiece's precompiled charsmap: a double-array trie from UTF-8 keys to replacements.
 *
 * <p>The format of the blob, with all numbers little-endian:
 *
 * <pre>
 * [int32] size of the trie in bytes
 * [int32] units of a darts-clone double array, each: bits 0-7 label, 8 has a leaf, 9 and 10-30 offset,
 *         31 set in a leaf, whose other bits are its value
 * [bytes] replacements in UTF-8, each terminated by NUL; a leaf's value is the offset of one
 * </pre>
 *
 * <p>The constructor checks every unit, so that look-ups do not have to. Immutable.
 */
final class Charsmap {
    /** {@link #find} found no replacement. */
    static final int NONE = -1;
    /**
     * The longest replacement in NFKC is that of U+FDFA, 33 bytes. The limit bounds how much longer a text
     * can become when it is normalised.
     */
    private static final int MAX_REPLACEMENT_BYTES = 512;
    /** The size of a block of units; all children of a unit are in one block. */
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
     * Checks the replacements and returns, for each byte, whether a replacement may begin there: at a
     * character, and not too far from the NUL.
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

    /** Returns whether any key begins with this byte, which must not be 0. */
    boolean hasKeyFrom(int leadByte) {
        return (units[offset(units[0]) ^ leadByte] & (LEAF | 0xFF)) == leadByte;
    }

    /**
     * Looks up the shortest key that is a prefix of {@code text[from, to)}.
     *
     * @return the offset of its replacement, or {@link #NONE}
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
                // NUL terminates keys in the trie, so that no key contains it.
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

    /** Returns the end of the replacement that begins at {@code from}, which is the offset of its NUL. */
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
     * Returns the byte of a code point's UTF-8 sequence that {@code remaining} bytes follow; {@code first}
     * bytes follow the lead byte.
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
