package dev.bgem3.app.api;

import java.util.List;
import java.util.OptionalInt;

/**
 * The requests of text-embeddings-inference, as its {@code openapi.json} has them. A field that it does not
 * know is passed over, as there.
 */
public final class TeiRequests {
    private static final String INPUTS = "inputs";

    private TeiRequests() {}

    /** {@code POST /embed}. */
    public record Embed(Inputs inputs, boolean normalize, OptionalInt dimensions, TextOptions options) {
        /** Reads a body. */
        public static Embed read(Fields fields) {
            return new Embed(fields.inputs(INPUTS), fields.flag("normalize", true),
                    fields.optionalInt("dimensions", 1), TextOptions.read(fields));
        }
    }

    /** {@code POST /embed_sparse} and {@code /embed_all}. */
    public record Plain(Inputs inputs, TextOptions options) {
        /** Reads a body. */
        public static Plain read(Fields fields) {
            return new Plain(fields.inputs(INPUTS), TextOptions.read(fields));
        }
    }

    /** {@code POST /rerank}. */
    public record Rerank(String query, List<String> texts, boolean rawScores, boolean returnText,
            TextOptions options) {
        /** Reads a body. */
        public static Rerank read(Fields fields) {
            return new Rerank(fields.string("query"), fields.strings("texts"),
                    fields.flag("raw_scores", false),
                    fields.flag("return_text", false), TextOptions.read(fields));
        }
    }

    /** {@code POST /similarity}. */
    public record Similarity(String source, List<String> sentences, TextOptions options) {
        /** Reads a body. */
        public static Similarity read(Fields fields) {
            Fields inputs = fields.object(INPUTS, true);
            return new Similarity(inputs.string("source_sentence"), inputs.strings("sentences"),
                    TextOptions.read(fields.object("parameters", false)));
        }
    }

    /** {@code POST /tokenize}. */
    public record Tokenize(Inputs inputs, boolean addSpecialTokens, TextOptions options) {
        /** Reads a body. */
        public static Tokenize read(Fields fields) {
            Inputs inputs = fields.inputs(INPUTS);
            for (int i = 0; i < inputs.items().size(); i++) {
                if (!(inputs.items().get(i) instanceof Input.Text)) {
                    throw Fields.invalid(INPUTS + (inputs.single() ? "" : "[" + i + "]"),
                            "token ids (expected: a string)");
                }
            }
            return new Tokenize(inputs, fields.flag("add_special_tokens", true), TextOptions.read(fields));
        }
    }

    /** {@code POST /decode}. */
    public record Decode(List<int[]> ids, boolean skipSpecialTokens) {
        /** Reads a body. */
        public static Decode read(Fields fields) {
            return new Decode(fields.tokenIdLists("ids"), fields.flag("skip_special_tokens", true));
        }
    }
}
