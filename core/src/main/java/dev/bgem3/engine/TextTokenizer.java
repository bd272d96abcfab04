package dev.bgem3.engine;

import dev.bgem3.error.InputException;
import dev.bgem3.tokenizer.Encoding;
import dev.bgem3.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * Makes the inputs of one call into tokens: puts the instruction before each text, and cuts what is too long.
 *
 * @param tokenizer
 *            the model's
 * @param vocabSize
 *            token ids that are given are below this
 * @param maxLength
 *            the most tokens of a text, special ones included
 * @param maxTokenIds
 *            the most tokens of a text that is given as token ids
 * @param fromLeft
 *            whether the beginning of what is too long is cut and not its end
 * @param prepare
 *            puts before a text what goes before those of its role
 */
public record TextTokenizer(Tokenizer tokenizer, int vocabSize, int maxLength, int maxTokenIds,
        boolean fromLeft, Function<TextRole, UnaryOperator<String>> prepare) {
    /** A text after what goes before those of its role. */
    public String prepared(TextRole role, String text) {
        return prepare.apply(role).apply(text);
    }

    /**
     * Tokenizes a text.
     *
     * @param name
     *            what messages call it
     * @param text
     *            the text as {@link #prepared} gives it
     */
    public TokenizedText text(String name, String text) {
        Encoding encoding = TokenizedText.encode(name, text, fromLeft ? Integer.MAX_VALUE : maxLength,
                tokenizer);
        return new TokenizedText(cut(encoding.ids(), maxLength), encoding.fullLength(), name);
    }

    /**
     * Checks token ids, and takes them as they are unless they are too many.
     *
     * @param name
     *            what messages call them
     * @param ids
     *            not copied where they are not cut
     * @param fullLength
     *            how many there were before somebody else cut them
     */
    public TokenizedText tokenIds(String name, int[] ids, int fullLength) {
        if (ids.length == 0) {
            throw new InputException(name + ": 0 token ids (expected: 1.." + maxTokenIds + ")");
        }
        for (int id : ids) {
            if (id < 0 || id >= vocabSize) {
                throw new InputException(
                        name + ": token id " + id + " (expected: 0.." + (vocabSize - 1) + ")");
            }
        }
        return new TokenizedText(cut(ids, maxTokenIds), fullLength, name);
    }

    /**
     * Keeps the first or the last of some ids. If they begin with the special tokens of a text, from the
     * first of which the dense vector is read, or end with them, so does the result, as the model was trained
     * on such texts.
     */
    private int[] cut(int[] ids, int limit) {
        if (ids.length <= limit) {
            return ids;
        }
        int from = fromLeft ? ids.length - limit : 0;
        int[] kept = Arrays.copyOfRange(ids, from, from + limit);
        int[] prefix = tokenizer.prefixIds();
        int[] suffix = tokenizer.suffixIds();
        if (prefix.length + suffix.length > limit) {
            return kept;
        }
        if (Arrays.equals(ids, 0, prefix.length, prefix, 0, prefix.length)) {
            System.arraycopy(prefix, 0, kept, 0, prefix.length);
        }
        if (Arrays.equals(ids, ids.length - suffix.length, ids.length, suffix, 0, suffix.length)) {
            System.arraycopy(suffix, 0, kept, limit - suffix.length, suffix.length);
        }
        return kept;
    }
}
