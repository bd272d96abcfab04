package dev.bgem3;

import dev.bgem3.engine.TextRole;
import dev.bgem3.engine.TextTokenizer;
import dev.bgem3.engine.TokenizedText;
import dev.bgem3.error.InputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A text to encode, or its token ids, and the place that it has for its caller, by which failures name it.
 *
 * {@snippet file="dev/bgem3/sample/TextInputSamplesTest.java" region="places"}
 *
 * <p>
 * Queries, passages and token ids may stand in one call: each text gets the instruction or prompt of its
 * kind, and token ids get none. {@link EncodeOptions} say how many tokens are kept, and which.
 *
 * <p>
 * Immutable.
 */
public sealed interface TextInput {
    /** A text as {@link BgeM3#encode(String)} takes it. */
    static Text of(String text) {
        return new Text(TextRole.TEXT, Objects.requireNonNull(text, "text"), null);
    }

    /** A query, as {@link BgeM3#encodeQuery(String)} takes it. */
    static Text ofQuery(String query) {
        return new Text(TextRole.QUERY, Objects.requireNonNull(query, "query"), null);
    }

    /** A passage, as {@link BgeM3#encodePassage(String)} takes it. */
    static Text ofPassage(String passage) {
        return new Text(TextRole.PASSAGE, Objects.requireNonNull(passage, "passage"), null);
    }

    /**
     * A text that is tokens already.
     *
     * @param tokenIds
     *            as the model reads them, {@code <s>} and {@code </s>} included; copied
     */
    static Tokens ofTokens(int... tokenIds) {
        return new Tokens(new TokenizedText(tokenIds.clone(), tokenIds.length, ""), 0, null);
    }

    /**
     * What failures call this input, such as {@code passages[0]}; empty, the default, for its number among
     * the inputs of its call, {@code text 0}.
     */
    Optional<String> place();

    /** This input at a place. */
    TextInput withPlace(String place);

    /** An input that is still to be tokenized. */
    final class Text implements TextInput {
        private final TextRole role;
        private final String text;
        private final String place;

        /** The text may be null: {@link Tokens#all} then says which it is. */
        Text(TextRole role, String text, String place) {
            this.role = role;
            this.text = text;
            this.place = place;
        }

        /** The text, without what goes before it. */
        public String text() {
            return text;
        }

        /** Texts of one role, some of which may be null. */
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

    /** An input that is tokens: given as such, or made by {@link BgeM3#tokenize}. */
    final class Tokens implements TextInput {
        private final TokenizedText tokenized;
        private final int characterCount;
        private final String place;

        Tokens(TokenizedText tokenized, int characterCount, String place) {
            this.tokenized = tokenized;
            this.characterCount = characterCount;
            this.place = place;
        }

        /**
         * The tokens of the inputs of a call, each with its place.
         *
         * @param firstNumber
         *            of the inputs, for those without a place
         * @param before
         *            run before each input; what it throws ends the work
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
                before.run();
                tokens.add(switch (input) {
                    case Text text -> of(text, place, tokenizer);
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
            return new Tokens(tokenizer.text(place + TokenizedText.quoted(input.text), prepared),
                    prepared.length(), place);
        }

        /** Tokens that were made here before keep the name with which their text was quoted. */
        private static Tokens of(Tokens input, String place, TextTokenizer tokenizer) {
            String name = input.place == null ? place : input.tokenized.name();
            return new Tokens(tokenizer.tokenIds(name, input.tokenIds(), input.fullTokenCount()),
                    input.characterCount, place);
        }

        /**
         * Token ids that must not be cut.
         *
         * @throws InputException
         *             where one is null or has too many
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

        /** The tokens; shared, not copied. */
        public int[] tokenIds() {
            return tokenized.tokenIds();
        }

        /** How many tokens there are. */
        public int tokenCount() {
            return tokenized.tokenIds().length;
        }

        /** How many there were before they were cut. */
        public int fullTokenCount() {
            return tokenized.fullLength();
        }

        /** Whether the text had more tokens. */
        public boolean truncated() {
            return tokenCount() < fullTokenCount();
        }

        /**
         * The UTF-16 units of the text that they were made from, with what went before it; 0 of tokens that
         * were given.
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
            return new Tokens(new TokenizedText(tokenIds(), fullTokenCount(), newPlace), characterCount,
                    newPlace);
        }

        @Override
        public String toString() {
            return "TextInput.Tokens[tokenCount=" + tokenCount() + ", fullTokenCount=" + fullTokenCount()
                    + ", place=" + place + "]";
        }
    }
}
