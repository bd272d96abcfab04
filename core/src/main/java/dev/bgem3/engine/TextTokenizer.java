package dev.bgem3.engine;

import dev.bgem3.error.InputException;
import dev.bgem3.tokenizer.Encoding;
import dev.bgem3.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * Tokenizes the inputs of one call: puts the instruction before each text, and cuts texts that are too long.
 *
 * @param tokenizer
 *            the model's tokenizer
 * @param vocabSize
 *            the exclusive upper bound of token ids from callers
 * @param maxLength
 *            the maximum number of tokens of a text, including special ones
 * @param maxTokenIds
 *            the maximum number of tokens of a text that is given as token ids
 * @param fromLeft
 *            whether a text that is too long loses its beginning instead of its end
 * @param prepare
 *            returns the function that puts the instruction of a role before a text
 */
public record TextTokenizer(Tokenizer tokenizer, int vocabSize, int maxLength, int maxTokenIds,
        boolean fromLeft, Function<TextRole, UnaryOperator<String>> prepare) {
    /** Returns a text with its instruction. */
    public String prepared(TextRole role, String text) {
        return prepare.apply(role).apply(text);
    }

    /**
     * Tokenizes a text.
     *
     * @param name
     *            the text's name in messages
     * @param text
     *            the text as {@link #prepared} returns it
     */
    public TokenizedText text(String name, String text) {
        Encoding encoding = TokenizedText.encode(name, text, fromLeft ? Integer.MAX_VALUE : maxLength,
                tokenizer);
        return new TokenizedText(cut(encoding.ids(), maxLength), encoding.fullLength(), name);
    }

    /**
     * Checks token ids, and cuts them if there are too many.
     *
     * @param name
     *            their name in messages
     * @param ids
     *            copied only if they are cut
     * @param fullLength
     *            how many there were before an earlier cut
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
     * Keeps the first or the last ids. If the ids begin or end with the special tokens of a text, so does the
     * result, because the model was trained on such texts and the dense vector is read from the first token.
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
