package dev.bgem3.tokenizer;

import java.util.Arrays;

/** A growing buffer of normalised text that can also record the source range of each character. */
final class NormalizedText {
    /** The text begins at this index; the unit before it is free for the word mark. */
    static final int FIRST = 1;
    private static final int MAX_LENGTH = Integer.MAX_VALUE - 16;

    char[] chars;
    int length = FIRST;
    /** Source offsets of each unit; null if they are not needed. */
    int[] sourceStarts;
    int[] sourceEnds;

    NormalizedText(int expectedLength, boolean withOffsets) {
        chars = new char[(int) Math.min(MAX_LENGTH, FIRST + (long) expectedLength)];
        sourceStarts = withOffsets ? new int[chars.length] : null;
        sourceEnds = withOffsets ? new int[chars.length] : null;
    }

    void clear() {
        length = FIRST;
    }

    /** Appends {@code text[from, to)} unchanged. */
    void append(char[] text, int from, int to) {
        int count = to - from;
        reserve(count);
        System.arraycopy(text, from, chars, length, count);
        if (sourceStarts != null) {
            for (int i = 0; i < count; i++) {
                sourceStarts[length + i] = from + i;
                sourceEnds[length + i] = from + i + 1;
            }
        }
        length += count;
    }

    /** Appends a character whose source begins at {@code from}. */
    void append(int codePoint, int from) {
        int count = Character.charCount(codePoint);
        reserve(count);
        Character.toChars(codePoint, chars, length);
        advance(length + count, from, from + count);
    }

    /** Appends the replacement of the source {@code [from, to)}; each of its units has this whole source. */
    void appendReplacement(Charsmap charsmap, int replacement, int from, int to) {
        int end = charsmap.replacementEnd(replacement);
        reserve(end - replacement);
        advance(charsmap.writeReplacement(replacement, end, chars, length), from, to);
    }

    /** Replaces source offsets in a converted text, from a unit on, by those in the text before. */
    void setSources(int start, LowerCase converted) {
        for (int i = start; sourceStarts != null && i < length; i++) {
            sourceStarts[i] = converted.source(sourceStarts[i]);
            sourceEnds[i] = converted.source(sourceEnds[i] - 1) + 1;
        }
    }

    private void advance(int newLength, int from, int to) {
        if (sourceStarts != null) {
            Arrays.fill(sourceStarts, length, newLength, from);
            Arrays.fill(sourceEnds, length, newLength, to);
        }
        length = newLength;
    }

    private void reserve(int count) {
        if (count > chars.length - length) {
            long needed = (long) length + count;
            if (needed > MAX_LENGTH) {
                throw new TokenizerException(
                        "text: more than " + MAX_LENGTH
                                + " characters once normalised (expected: at most that)");
            }
            int capacity = (int) Math.min(MAX_LENGTH, needed + (needed >> 1) + 16);
            chars = Arrays.copyOf(chars, capacity);
            if (sourceStarts != null) {
                sourceStarts = Arrays.copyOf(sourceStarts, capacity);
                sourceEnds = Arrays.copyOf(sourceEnds, capacity);
            }
        }
    }
}
