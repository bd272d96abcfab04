package dev.bgem3.tokenizer;

/**
 * A text as tokens: {@code <s>}, its pieces, {@code </s>}.
 *
 * <p>Immutable and thread-safe. Offsets are computed when first asked for, by going over the text once more;
 * until then they cost nothing.
 */
public final class Encoding {
    private final Pipeline pipeline;
    private final String text;
    private final int[] ids;
    private final int fullLength;
    /** Starts, then ends, of all tokens; computed twice at worst where two threads ask at the same time. */
    private volatile int[] offsets;

    Encoding(Pipeline pipeline, String text, int[] ids, int fullLength) {
        this.pipeline = pipeline;
        this.text = text;
        this.ids = ids;
        this.fullLength = fullLength;
    }

    /** The token ids, {@code <s>} and {@code </s>} included; a copy, which the caller owns. */
    public int[] ids() {
        return ids.clone();
    }

    /** How many tokens there are, {@code <s>} and {@code </s>} included. */
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
     * decrease from one token to the next. {@code <s>} is the empty range at the text's begin, {@code </s>}
     * the empty range at its end; where the text was cut, at the end of the last token kept. A {@code ▁} that
     * stands alone for a word's beginning is the empty range where the word begins. An added token's range
     * holds the white space that it takes.
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

    /** How many tokens the text has before truncation, {@code <s>} and {@code </s>} included. */
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
            known = computeOffsets();
            offsets = known;
        }
        return known;
    }

    private int[] computeOffsets() {
        Encoder encoder = new Encoder(pipeline, text, true);
        encoder.encode();
        int length = ids.length;
        int[] result = new int[length * 2];
        for (int i = 1; i < length - 1; i++) {
            result[i] = encoder.start(i - 1);
            result[length + i] = encoder.end(i - 1);
        }
        int end = truncated() ? result[2 * length - 2] : text.length();
        result[length - 1] = end;
        result[2 * length - 1] = end;
        return result;
    }
}
