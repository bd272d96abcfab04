package dev.bgem3.tokenizer;

import java.util.function.Supplier;

/**
 * The tokens of a text: its pieces and the special tokens around them.
 *
 * <p>Immutable and thread-safe. The first call that needs offsets computes them by encoding the text again,
 * so that they cost nothing if they are not used.
 */
public final class Encoding {
    private final int[] ids;
    private final int fullLength;
    private final Supplier<int[]> offsetSource;
    /** The starts, then the ends, of all tokens. Two threads may both compute them, with the same result. */
    private volatile int[] offsets;

    /**
     * Creates the encoding of a text.
     *
     * @param offsetSource
     *            computes the starts of all tokens, then their ends
     */
    Encoding(int[] ids, int fullLength, Supplier<int[]> offsetSource) {
        this.ids = ids;
        this.fullLength = fullLength;
        this.offsetSource = offsetSource;
    }

    /** Returns a copy of the token ids, including those of special tokens. */
    public int[] ids() {
        return ids.clone();
    }

    /** Returns the number of tokens, including special ones. */
    public int length() {
        return ids.length;
    }

    /** Returns the id of token {@code i}. */
    public int id(int i) {
        return ids[checked(i)];
    }

    /**
     * Returns where the source of token {@code i} begins, in UTF-16 units of the caller's text.
     *
     * <p>The source of a token is every whole grapheme cluster or character that its normal form came from.
     * Two tokens that came from the same one (such as U+FDFA) have overlapping sources. Starts and ends never
     * decrease from one token to the next. A special token before the text has the empty range at the
     * beginning of the text. One after the text has the empty range at its end, or at the end of the last
     * token kept if the text was truncated. A token that is only the {@code ▁} of a word has the empty range
     * at the beginning of the word. The range of an added token includes the white space that it strips.
     */
    public int start(int i) {
        return offsets()[checked(i)];
    }

    /** Returns where the source of token {@code i} ends, exclusive; see {@link #start}. */
    public int end(int i) {
        return offsets()[ids.length + checked(i)];
    }

    /** Returns whether the text was truncated because it has more tokens than the requested maximum. */
    public boolean truncated() {
        return fullLength > ids.length;
    }

    /** Returns the number of tokens before truncation, including special ones. */
    public int fullLength() {
        return fullLength;
    }

    private int checked(int i) {
        if (i < 0 || i >= ids.length) {
            throw new IllegalArgumentException("token: " + i + " (expected: 0.." + (ids.length - 1) + ")");
        }
        return i;
    }

    private int[] offsets() {
        int[] known = offsets;
        if (known == null) {
            known = offsetSource.get();
            offsets = known;
        }
        return known;
    }
}
