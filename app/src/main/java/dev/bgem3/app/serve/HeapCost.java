package dev.bgem3.app.serve;

import dev.bgem3.TextInput;
import java.nio.CharBuffer;
import java.text.Normalizer;
import java.util.List;
import java.util.OptionalInt;

/**
 * Computes upper bounds on the heap for tokenizing the inputs of a request.
 *
 * @param maxLength
 *            the maximum number of token ids in an input
 * @param defaultMaxLength
 *            the default maximum number of tokens in a text
 */
record HeapCost(int maxLength, int defaultMaxLength) {
    /** An id is temporarily in two arrays. */
    static final int ID_BYTES = 2 * Integer.BYTES;
    /** Measured: the normalized text, and its ids in an array that grows by doubling. */
    private static final int TOKENS_FACTOR = 10;
    /** Measured: the same with the start and end of each character and each token. */
    private static final int OFFSETS_FACTOR = 40;
    /** The best score, its start and its id, for each character of a word. */
    private static final int LATTICE_BYTES = Double.BYTES + 2 * Integer.BYTES;
    private static final int WINDOW = 1 << 12;

    /** Returns a bound on the heap for tokenizing inputs one after another and keeping their tokens. */
    long heapToTokenize(List<? extends TextInput> inputs, OptionalInt limit) {
        long tokens = 0;
        long tokenizing = 0;
        for (TextInput input : inputs) {
            switch (input) {
                case TextInput.Text text -> {
                    tokens += Math.min(text.text().length() + 2, limit.orElse(defaultMaxLength));
                    tokenizing = Math.max(tokenizing, heapToTokenize(text.text(), TOKENS_FACTOR));
                }
                case TextInput.Tokens ids -> tokens += Math.min(ids.tokenCount(), limit.orElse(maxLength));
            }
        }
        return ID_BYTES * tokens + tokenizing;
    }

    /** Returns a bound on the heap for tokenizing a text. */
    static long heapToTokenize(String text) {
        return heapToTokenize(text, TOKENS_FACTOR);
    }

    /** Returns a bound on the heap for tokenizing a text with the offsets of its tokens. */
    static long heapToTokenizeWithOffsets(String text) {
        return heapToTokenize(text, OFFSETS_FACTOR);
    }

    /** Adds the text, {@code factor} bytes per normalized character, and the lattice of the longest word. */
    private static long heapToTokenize(String text, int factor) {
        long normal = normalLength(text);
        long word = longestWord(text) * (normal / Math.max(1, text.length()) + 1);
        return (long) text.length() * Character.BYTES + factor * normal
                + LATTICE_BYTES * Math.min(normal, word);
    }

    /** Returns the length of the normalized text: one character may become many, U+FDFA for example 18. */
    private static long normalLength(String text) {
        long length = 0;
        for (int from = 0; from < text.length(); from += WINDOW) {
            CharSequence window = CharBuffer.wrap(text, from, Math.min(text.length(), from + WINDOW));
            length += Math.max(window.length(), Normalizer.isNormalized(window, Normalizer.Form.NFKC)
                    ? 0
                    : Normalizer.normalize(window, Normalizer.Form.NFKC).length());
        }
        return length;
    }

    private static long longestWord(String text) {
        int longest = 0;
        int start = 0;
        for (int i = 0; i <= text.length(); i++) {
            if (i == text.length() || Character.isWhitespace(text.charAt(i))) {
                longest = Math.max(longest, i - start);
                start = i + 1;
            }
        }
        return longest;
    }
}
