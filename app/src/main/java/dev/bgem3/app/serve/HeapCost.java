package dev.bgem3.app.serve;

import dev.bgem3.TextInput;
import java.nio.CharBuffer;
import java.text.Normalizer;
import java.util.List;
import java.util.OptionalInt;

/**
 * How much heap it takes to tokenize the inputs of a request.
 *
 * @param maxLength
 *            the most token ids of an input
 * @param defaultMaxLength
 *            the most tokens of a text whose request does not say
 */
record HeapCost(int maxLength, int defaultMaxLength) {
    /** An id is in two arrays for a while. */
    static final int ID_BYTES = 2 * Integer.BYTES;
    /** The normalised text, and its ids in an array that doubles; measured, as is the next. */
    private static final int CUT_FACTOR = 10;
    /** With the start and end of each character and each token. */
    private static final int PLACE_FACTOR = 40;
    /** For each character of a word the best score, its start and its id. */
    private static final int LATTICE_BYTES = Double.BYTES + 2 * Integer.BYTES;
    private static final int WINDOW = 1 << 12;

    /** An upper bound of the heap for tokenizing some inputs one after the other and keeping their tokens. */
    long heapToCut(List<? extends TextInput> inputs, OptionalInt limit) {
        long tokens = 0;
        long cutting = 0;
        for (TextInput input : inputs) {
            switch (input) {
                case TextInput.Text text -> {
                    tokens += Math.min(text.text().length() + 2, limit.orElse(defaultMaxLength));
                    cutting = Math.max(cutting, heapToCut(text.text(), CUT_FACTOR));
                }
                case TextInput.Tokens ids -> tokens += Math.min(ids.tokenCount(), limit.orElse(maxLength));
            }
        }
        return ID_BYTES * tokens + cutting;
    }

    /** An upper bound of the heap for tokenizing a text. */
    static long heapToCut(String text) {
        return heapToCut(text, CUT_FACTOR);
    }

    /** An upper bound of the heap for tokenizing a text with the offsets of its tokens. */
    static long heapToPlace(String text) {
        return heapToCut(text, PLACE_FACTOR);
    }

    /** The characters, {@code factor} bytes for each normalised one, and the lattice of the longest word. */
    private static long heapToCut(String text, int factor) {
        long normal = normalLength(text);
        long word = longestWord(text) * (normal / Math.max(1, text.length()) + 1);
        return (long) text.length() * Character.BYTES + factor * normal
                + LATTICE_BYTES * Math.min(normal, word);
    }

    /** How long the normalised text is: one character may become many, as U+FDFA becomes 18. */
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
