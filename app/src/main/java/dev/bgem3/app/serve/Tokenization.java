package dev.bgem3.app.serve;

import dev.bgem3.app.api.Input;
import dev.bgem3.app.api.InvalidRequestException.Fault;
import dev.bgem3.app.api.InvalidRequestException;
import dev.bgem3.app.api.TextOptions.Direction;
import dev.bgem3.app.api.TextOptions;
import dev.bgem3.tokenizer.Encoding;
import dev.bgem3.tokenizer.Tokenizer;
import java.util.Arrays;
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
            // As in the library, what stands in a file of the model for texts is not for those who cut their own.
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
        int[] ids = encoding.ids();
        if (ids.length > limit) {
            // The special tokens before the text stay, then come the last of the others.
            int[] prefix = tokenizer.prefixIds();
            ids = Arrays.copyOfRange(ids, ids.length - limit, ids.length);
            System.arraycopy(prefix, 0, ids, 0, prefix.length);
        }
        return new Encoded.Tokens(ids, encoding.fullLength(), text.length());
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
        int from = options.direction() == Direction.LEFT ? ids.length - limit : 0;
        return new Encoded.Tokens(Arrays.copyOfRange(ids, from, from + limit), ids.length, 0);
    }

    private void requireTruncate(String place, int length, TextOptions options, int limit) {
        if (!options.truncate().orElse(autoTruncate)) {
            throw new InvalidRequestException(Fault.VALIDATION,
                    place + ": " + length + " tokens (expected: at most "
                            + limit + "; \"truncate\": true cuts it)");
        }
    }
}
