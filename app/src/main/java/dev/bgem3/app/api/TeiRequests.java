package dev.bgem3.app.api;

import dev.bgem3.TextInput;
import java.util.List;
import java.util.OptionalInt;

/**
 * The requests of text-embeddings-inference, as in its {@code openapi.json}. Like there, unknown fields are
 * ignored.
 */
public final class TeiRequests {
    private static final String INPUTS = "inputs";

    private TeiRequests() {}

    /** The request of {@code POST /embed}. */
    public record Embed(List<TextInput> inputs, boolean normalize, OptionalInt dimensions,
            TextOptions options) {
        /** Reads a body. */
        public static Embed read(Fields fields) {
            return new Embed(fields.inputs(INPUTS), fields.flag("normalize", true),
                    fields.optionalInt("dimensions", 1), TextOptions.read(fields));
        }
    }

    /** The request of {@code POST /embed_sparse} and {@code /embed_all}. */
    public record Plain(List<TextInput> inputs, TextOptions options) {
        /** Reads a body. */
        public static Plain read(Fields fields) {
            return new Plain(fields.inputs(INPUTS), TextOptions.read(fields));
        }
    }

    /** The request of {@code POST /similarity}. */
    public record Similarity(TextInput.Text source, List<TextInput.Text> sentences, TextOptions options) {
        /** Reads a body. */
        public static Similarity read(Fields fields) {
            Fields inputs = fields.object(INPUTS, true);
            return new Similarity(inputs.text("source_sentence", TextInput::of),
                    inputs.texts("sentences", TextInput::of),
                    TextOptions.read(fields.object("parameters", false)));
        }
    }

    /** The request of {@code POST /tokenize}. */
    public record Tokenize(List<TextInput.Text> inputs, boolean addSpecialTokens, TextOptions options) {
        /** Reads a body. */
        public static Tokenize read(Fields fields) {
            List<TextInput.Text> texts = fields.inputs(INPUTS).stream().map(Tokenize::text).toList();
            return new Tokenize(texts, fields.flag("add_special_tokens", true), TextOptions.read(fields));
        }

        private static TextInput.Text text(TextInput input) {
            return switch (input) {
                case TextInput.Text text -> text;
                case TextInput.Tokens tokens ->
                    throw Fields.invalid(tokens.place().orElseThrow(), "token ids (expected: a string)");
            };
        }
    }

    /** The request of {@code POST /decode}. */
    public record Decode(List<TextInput.Tokens> ids, boolean skipSpecialTokens) {
        /** Reads a body. */
        public static Decode read(Fields fields) {
            return new Decode(fields.tokenIdLists("ids"), fields.flag("skip_special_tokens", true));
        }
    }
}
