package dev.bgem3.tokenizer;

import java.util.Arrays;

/**
 * A normalised stretch of text that grows, and where asked, which stretch of the source each character came
 * from.
 */
final class NormalizedText {
    /** The unit before the first is free, for the mark of a word's beginning. */
    static final int FIRST = 1;
    private static final int MAX_LENGTH = Integer.MAX_VALUE - 16;

    char[] chars;
    int length = FIRST;
    /** Source offsets of each unit; null where they are not asked for. */
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

    /** Appends {@code text[from, to)} as it stands. */
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

    /** Appends the character whose source begins at {@code from}. */
    void append(int codePoint, int from) {
        int count = Character.charCount(codePoint);
        reserve(count);
        Character.toChars(codePoint, chars, length);
        advance(length + count, from, from + count);
    }

    /** Appends a replacement for the source {@code [from, to)}; all of it comes from all of that. */
    void appendReplacement(Charsmap charsmap, int replacement, int from, int to) {
        int end = charsmap.replacementEnd(replacement);
        reserve(end - replacement);
        advance(charsmap.writeReplacement(replacement, end, chars, length), from, to);
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
