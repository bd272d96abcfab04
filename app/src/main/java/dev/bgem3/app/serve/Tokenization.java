package dev.bgem3.app.serve;

import dev.bgem3.app.api.Input;
import dev.bgem3.app.api.InvalidRequestException.Fault;
import dev.bgem3.app.api.InvalidRequestException;
import dev.bgem3.app.api.TextOptions.Direction;
import dev.bgem3.app.api.TextOptions;
import dev.bgem3.tokenizer.Encoding;
import dev.bgem3.tokenizer.Tokenizer;
import java.nio.CharBuffer;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Cuts inputs into the tokens that the model reads.
 *
 * @param maxLength
 *            the most tokens of a text, special ones included
 * @param defaultMaxLength
 *            that of a text whose request does not say; token ids have {@code maxLength} there
 * @param autoTruncate
 *            whether a longer one is cut where the request does not say
 * @param prompts
 *            what may come before a text, by name
 */
record Tokenization(Tokenizer tokenizer, int maxLength, int defaultMaxLength, boolean autoTruncate,
        Map<String, String> prompts) {
    /** An id is in two arrays for a while. */
    static final int ID_BYTES = 2 * Integer.BYTES;
    /** The normalised text, and its ids in an array that doubles; measured, as is the next. */
    private static final int CUT_FACTOR = 10;
    /** With the start and end of each character and each token. */
    private static final int PLACE_FACTOR = 40;
    /** For each character of a word the best score, its start and its id. */
    private static final int LATTICE_BYTES = Double.BYTES + 2 * Integer.BYTES;
    private static final int WINDOW = 1 << 12;

    /**
     * The tokens of an input.
     *
     * @param place
     *            what messages call it
     * @param prompt
     *            what comes before a text for which no prompt is named
     * @param limit
     *            the most tokens, at most {@code maxLength}; empty where the request does not say
     * @throws InvalidRequestException
     *             where it is too long and must not be cut
     */
    Encoded.Tokens of(Input input, String place, String prompt, TextOptions options,
            OptionalInt limit) {
        return switch (input) {
            case Input.Text(String text) -> ofText(prompted(text, prompt, options), place, options,
                    limit.orElse(defaultMaxLength));
            // As in the library, what stands in a file of the model for texts is not for those who cut their
            // own.
            case Input.TokenIds(int[] ids) -> ofIds(ids, place, options, limit.orElse(maxLength));
        };
    }

    /** The text after the prompt that was asked for, be it none, else after {@code prompt}. */
    String prompted(String text, String prompt, TextOptions options) {
        if (options.promptName().isEmpty()) {
            return prompt + text;
        }
        if (!options.namesPrompt()) {
            return text;
        }
        String named = prompts.get(options.promptName().get());
        if (named == null) {
            throw new InvalidRequestException(Fault.VALIDATION,
                    "prompt_name: the model has none of this name (expected: "
                            + (prompts.isEmpty()
                                    ? "no prompt_name, since it has no prompts"
                                    : String.join(", ", prompts.keySet()) + ", or \"\" for none")
                            + ")");
        }
        return named + text;
    }

    private Encoded.Tokens ofText(String text, String place, TextOptions options, int limit) {
        boolean left = options.direction() == Direction.LEFT;
        Encoding encoding = left ? tokenizer.encode(text) : tokenizer.encode(text, limit);
        if (encoding.fullLength() > limit) {
            requireTruncate(place, encoding.fullLength(), options, limit);
        }
        return new Encoded.Tokens(cut(encoding.ids(), limit, options.direction()), encoding.fullLength(),
                text.length());
    }

    private Encoded.Tokens ofIds(int[] ids, String place, TextOptions options, int limit) {
        if (options.namesPrompt()) {
            throw new InvalidRequestException(Fault.VALIDATION,
                    place + ": token ids beside a prompt_name (expected: a text)");
        }
        for (int id : ids) {
            if (id >= tokenizer.vocabSize()) {
                throw new InvalidRequestException(Fault.TOKENIZER,
                        place + ": token id " + id + " (expected: 0.." + (tokenizer.vocabSize() - 1) + ")");
            }
        }
        if (ids.length <= limit) {
            return new Encoded.Tokens(ids, ids.length, 0);
        }
        requireTruncate(place, ids.length, options, limit);
        return new Encoded.Tokens(cut(ids, limit, options.direction()), ids.length, 0);
    }

    /**
     * Keeps the first or the last of some ids. If they begin with the special tokens of a text, from the
     * first of which the dense vector is read, or end with them, so does the result, as the model was
     * trained on such texts.
     */
    private int[] cut(int[] ids, int limit, Direction direction) {
        if (ids.length <= limit) {
            return ids;
        }
        int from = direction == Direction.LEFT ? ids.length - limit : 0;
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

    /** An upper bound of the heap for tokenizing some inputs one after the other and keeping their tokens. */
    long heapToCut(List<Input> inputs, OptionalInt limit) {
        long tokens = 0;
        long cutting = 0;
        for (Input input : inputs) {
            switch (input) {
                case Input.Text(String text) -> {
                    tokens += Math.min(text.length() + 2, limit.orElse(defaultMaxLength));
                    cutting = Math.max(cutting, heapToCut(text, CUT_FACTOR));
                }
                case Input.TokenIds(int[] ids) -> tokens += Math.min(ids.length, limit.orElse(maxLength));
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

    private void requireTruncate(String place, int length, TextOptions options, int limit) {
        if (!options.truncate().orElse(autoTruncate)) {
            throw new InvalidRequestException(Fault.VALIDATION,
                    place + ": " + length + " tokens (expected: at most "
                            + limit + "; \"truncate\": true cuts it)");
        }
    }
}
