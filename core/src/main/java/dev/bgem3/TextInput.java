package dev.bgem3;

import dev.bgem3.engine.LoneSurrogates;
import dev.bgem3.engine.TextRole;
import dev.bgem3.engine.TextTokenizer;
import dev.bgem3.engine.TokenizedText;
import dev.bgem3.error.InputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A text to encode, or its token ids, with an optional place by which error messages name it.
 *
 * {@snippet file="dev/bgem3/sample/TextInputSamplesTest.java" region="places"}
 *
 * <p>
 * A call may mix queries, passages and token ids: each text gets the instruction or prompt of its kind, and
 * token ids get none. {@link EncodeOptions} say how many tokens are kept, and which.
 *
 * <p>
 * Immutable.
 */
public sealed interface TextInput {
    /** Creates a text, as for {@link BgeM3#encode(String)}. */
    static Text of(String text) {
        return new Text(TextRole.TEXT, Objects.requireNonNull(text, "text"), null);
    }

    /** Creates a query, as for {@link BgeM3#encodeQuery(String)}. */
    static Text ofQuery(String query) {
        return new Text(TextRole.QUERY, Objects.requireNonNull(query, "query"), null);
    }

    /** Creates a passage, as for {@link BgeM3#encodePassage(String)}. */
    static Text ofPassage(String passage) {
        return new Text(TextRole.PASSAGE, Objects.requireNonNull(passage, "passage"), null);
    }

    /**
     * Creates an input that is already tokenized.
     *
     * @param tokenIds
     *            the ids as the model reads them, including {@code <s>} and {@code </s>}; copied
     */
    static Tokens ofTokens(int... tokenIds) {
        return new Tokens(new TokenizedText(tokenIds.clone(), tokenIds.length, ""), 0, null, "");
    }

    /**
     * Returns how many halves of surrogate pairs a text has that do not belong together, as an emoji leaves
     * that was cut in the middle. Each is read as U+FFFD, the replacement character. The first text with one
     * is logged as a warning; a program that wants to know of each counts them.
     */
    static int countLoneSurrogates(String text) {
        return LoneSurrogates.count(Objects.requireNonNull(text, "text"));
    }

    /**
     * Returns the name of this input in error messages, such as {@code passages[0]}. If it is empty, the
     * default, they use its number among the inputs of its call, as in {@code text 0}.
     */
    Optional<String> place();

    /** Returns a copy of this input with a place. */
    TextInput withPlace(String place);

    /** An input that is not tokenized yet. */
    final class Text implements TextInput {
        private final TextRole role;
        private final String text;
        private final String place;

        /** Accepts a null text, which {@link Tokens#all} reports with its place. */
        Text(TextRole role, String text, String place) {
            this.role = role;
            this.text = text;
            this.place = place;
        }

        /** Returns the text, without an instruction or prompt. */
        public String text() {
            return text;
        }

        /** Creates texts of one role, some of which may be null. */
        static List<TextInput> all(TextRole role, List<String> texts) {
            return texts.stream().<TextInput>map(text -> new Text(role, text, null)).toList();
        }

        @Override
        public Optional<String> place() {
            return Optional.ofNullable(place);
        }

        @Override
        public Text withPlace(String newPlace) {
            return new Text(role, text, Objects.requireNonNull(newPlace, "place"));
        }

        @Override
        public String toString() {
            return "TextInput.Text[role=" + role + ", text=" + text + ", place=" + place + "]";
        }
    }

    /** An input that is tokenized, either by the caller or by {@link BgeM3#tokenize}. */
    final class Tokens implements TextInput {
        private final TokenizedText tokenized;
        private final int characterCount;
        private final String place;
        /** Follows the place in messages; empty for token ids from the caller. */
        private final String quoted;

        Tokens(TokenizedText tokenized, int characterCount, String place, String quoted) {
            this.tokenized = tokenized;
            this.characterCount = characterCount;
            this.place = place;
            this.quoted = quoted;
        }

        /**
         * Tokenizes the inputs of a call.
         *
         * @param firstNumber
         *            the number of the first input, for inputs without a place
         * @param before
         *            run before each text; an exception from it ends the work
         */
        static List<Tokens> all(List<? extends TextInput> inputs, long firstNumber, TextTokenizer tokenizer,
                Runnable before) {
            List<Tokens> tokens = new ArrayList<>(inputs.size());
            for (TextInput input : inputs) {
                String place = input != null && input.place().isPresent()
                        ? input.place().get()
                        : "text " + (firstNumber + tokens.size());
                if (input == null) {
                    throw new InputException(place + ": null (expected: a text or token ids)");
                }
                tokens.add(switch (input) {
                    case Text text -> {
                        before.run();
                        yield of(text, place, tokenizer);
                    }
                    case Tokens given -> of(given, place, tokenizer);
                });
            }
            return tokens;
        }

        private static Tokens of(Text input, String place, TextTokenizer tokenizer) {
            if (input.text == null) {
                throw new InputException(place + ": null (expected: a string)");
            }
            String prepared = tokenizer.prepared(input.role, input.text);
            String quoted = TokenizedText.quoted(input.text);
            return new Tokens(tokenizer.text(place + quoted, prepared), prepared.length(), input.place,
                    quoted);
        }

        private static Tokens of(Tokens input, String place, TextTokenizer tokenizer) {
            return new Tokens(tokenizer.tokenIds(place + input.quoted, input.tokenized.tokenIds(),
                    input.fullTokenCount()), input.characterCount, input.place, input.quoted);
        }

        /**
         * Creates inputs from token ids that may not be cut.
         *
         * @throws InputException
         *             if one is null or has more than {@code maxTokenIds} ids
         */
        static List<TextInput> whole(List<int[]> tokenIds, int maxTokenIds) {
            List<TextInput> inputs = new ArrayList<>(tokenIds.size());
            for (int[] ids : tokenIds) {
                if (ids == null || ids.length > maxTokenIds) {
                    throw new InputException("text " + inputs.size() + ": "
                            + (ids == null ? "null" : ids.length + " token ids") + " (expected: 1.."
                            + maxTokenIds + ")");
                }
                inputs.add(ofTokens(ids));
            }
            return inputs;
        }

        /** Returns a copy of the token ids. */
        public int[] tokenIds() {
            return tokenized.tokenIds().clone();
        }

        /** Returns the number of tokens. */
        public int tokenCount() {
            return tokenized.tokenIds().length;
        }

        /** Returns the number of tokens before they were cut. */
        public int fullTokenCount() {
            return tokenized.fullLength();
        }

        /** Returns whether tokens were cut off. */
        public boolean truncated() {
            return tokenCount() < fullTokenCount();
        }

        /**
         * Returns the length of the text that the tokens were made from, including its instruction or prompt,
         * in UTF-16 units; 0 for tokens from the caller.
         */
        public int characterCount() {
            return characterCount;
        }

        TokenizedText tokenized() {
            return tokenized;
        }

        @Override
        public Optional<String> place() {
            return Optional.ofNullable(place);
        }

        @Override
        public Tokens withPlace(String newPlace) {
            Objects.requireNonNull(newPlace, "place");
            return new Tokens(
                    new TokenizedText(tokenized.tokenIds(), fullTokenCount(), newPlace + quoted),
                    characterCount, newPlace, quoted);
        }

        @Override
        public String toString() {
            return "TextInput.Tokens[tokenCount=" + tokenCount() + ", fullTokenCount=" + fullTokenCount()
                    + ", place=" + place + "]";
        }
    }
}
