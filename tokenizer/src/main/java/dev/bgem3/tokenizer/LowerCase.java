package dev.bgem3.tokenizer;

import java.util.Arrays;

/**
 * A part of a text in lower case, as Hugging Face's {@code Lowercase} normaliser writes it: character by
 * character, whatever the language and the neighbours, so that each Σ becomes σ.
 */
final class LowerCase {
    /** The one character whose lower case is two: i and U+0307, a dot above. */
    private static final char DOTTED_I = 'İ';
    private static final char DOT_ABOVE = '\u0307';

    char[] chars;
    int length;
    /** The index in the text of each unit; null if there are as many units as in the text. */
    private int[] sources;
    private final int from;

    LowerCase(char[] text, int from, int to) {
        this.from = from;
        chars = new char[to - from];
        for (int index = from; index < to;) {
            if (text[index] == DOTTED_I) {
                appendDottedI(to - index);
                index++;
                continue;
            }
            // A lone surrogate is its own lower case.
            int codePoint = Character.codePointAt(text, index, to);
            int count = Character.charCount(codePoint);
            for (int i = 0; sources != null && i < count; i++) {
                sources[length + i] = index + i;
            }
            Character.toChars(Character.toLowerCase(codePoint), chars, length);
            length += count;
            index += count;
        }
    }

    private void appendDottedI(int left) {
        int source = sources == null ? from + length : sources[length - 1] + 1;
        if (length + 1 + left > chars.length) {
            chars = Arrays.copyOf(chars, length + 2 * left);
        }
        if (sources == null) {
            sources = new int[chars.length];
            Arrays.setAll(sources, i -> from + i);
        } else {
            sources = Arrays.copyOf(sources, chars.length);
        }
        chars[length] = 'i';
        chars[length + 1] = DOT_ABOVE;
        sources[length] = source;
        sources[length + 1] = source;
        length += 2;
    }

    /** Returns the index in the text of a unit. */
    int source(int unit) {
        return sources == null ? from + unit : sources[unit];
    }
}
