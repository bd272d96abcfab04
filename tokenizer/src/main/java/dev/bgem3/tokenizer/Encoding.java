package dev.bgem3.tokenizer;

import java.util.function.Supplier;

/**
 * A text as tokens: its pieces, and the special tokens around them.
 *
 * <p>Immutable and thread-safe. Offsets are computed when first asked for, by going over the text once more;
 * until then they cost nothing.
 */
public final class Encoding {
    private final int[] ids;
    private final int fullLength;
    private final Supplier<int[]> offsetSource;
    /** Starts, then ends, of all tokens; computed twice at worst where two threads ask at the same time. */
    private volatile int[] offsets;

    /**
     * A text's encoding by the tokenizer that made it.
     *
     * @param offsetSource
     *            computes the starts of all tokens, then their ends
     */
    Encoding(int[] ids, int fullLength, Supplier<int[]> offsetSource) {
        this.ids = ids;
        this.fullLength = fullLength;
        this.offsetSource = offsetSource;
    }

    /** The token ids, special ones included; a copy, which the caller owns. */
    public int[] ids() {
        return ids.clone();
    }

    /** How many tokens there are, special ones included. */
    public int length() {
        return ids.length;
    }

    /** The id of token {@code i}. */
    public int id(int i) {
        return ids[checked(i)];
    }

    /**
     * Where the source of token {@code i} begins, in UTF-16 units of the caller's text.
     *
     * <p>A token's source is the whole of every grapheme cluster or character that its normal form was made
     * from; two tokens made from one such (as from U+FDFA) have overlapping sources. Starts and ends never
     * decrease from one token to the next. A special token before the text is the empty range at its
     * beginning, one after it the empty range at its end, or at the end of the last token kept if it was cut.
     * A {@code ▁} that stands alone for a word's beginning is the empty range where the word begins. An added
     * token's range holds the white space that it takes.
     */
    public int start(int i) {
        return offsets()[checked(i)];
    }

    /** Where the source of token {@code i} ends, exclusive; see {@link #start}. */
    public int end(int i) {
        return offsets()[ids.length + checked(i)];
    }

    /** Whether the text had more tokens than were asked for. */
    public boolean truncated() {
        return fullLength > ids.length;
    }

    /** How many tokens the text has before truncation, special ones included. */
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
