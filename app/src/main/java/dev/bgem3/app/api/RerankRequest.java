package dev.bgem3.app.api;

import dev.bgem3.TextInput;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The request of the rerank routes, as text-embeddings-inference or as Cohere and Jina have it. Like there,
 * unknown fields are ignored.
 *
 * @param query
 *            {@code query}
 * @param texts
 *            {@code texts} or {@code documents}, which decides on the dialect
 * @param dialect
 *            whose fields the request has, and the response gets
 * @param rawScores
 *            {@code raw_scores}: whether scores are not passed through a sigmoid
 * @param returnTexts
 *            {@code return_text} or {@code return_documents}: whether the response repeats the texts
 * @param topN
 *            {@code top_n}: the number of results, the best ones; all by default
 * @param model
 *            {@code model}: any name is accepted, and repeated in the response
 * @param options
 *            {@code truncate}, {@code truncation_direction}, {@code prompt_name}
 */
public record RerankRequest(TextInput.Text query, List<TextInput.Text> texts, Dialect dialect,
        boolean rawScores, boolean returnTexts, OptionalInt topN, Optional<String> model,
        TextOptions options) {
    /** The interfaces of rerankers. */
    public enum Dialect {
        /** That of text-embeddings-inference: {@code texts}. */
        TEI("texts"),
        /** That of Cohere and Jina: {@code documents}. */
        COHERE("documents");

        private final String field;

        Dialect(String field) {
            this.field = field;
        }

        /** Returns the name of the field for the texts. */
        public String field() {
            return field;
        }
    }

    /**
     * Reads a body.
     *
     * @param returnDocuments
     *            whether the response repeats documents if the request does not say
     */
    public static RerankRequest read(Fields fields, boolean returnDocuments) {
        TextInput.Text query = fields.text("query", TextInput::ofQuery);
        boolean rawScores = fields.flag("raw_scores", false);
        TextOptions options = TextOptions.read(fields);
        if (fields.has(Dialect.COHERE.field)) {
            if (fields.has(Dialect.TEI.field)) {
                throw Fields.invalid(Dialect.COHERE.field,
                        "together with texts (expected: one or the other)");
            }
            return new RerankRequest(query, fields.documents(Dialect.COHERE.field, TextInput::ofPassage),
                    Dialect.COHERE, rawScores, fields.flag("return_documents", returnDocuments),
                    fields.optionalInt("top_n", 1), fields.optionalString("model"), options);
        }
        if (!fields.has(Dialect.TEI.field)) {
            throw Fields.invalid(Dialect.TEI.field,
                    "missing (expected: a list of strings; or documents, as Cohere and Jina call them)");
        }
        return new RerankRequest(query, fields.texts(Dialect.TEI.field, TextInput::ofPassage), Dialect.TEI,
                rawScores, fields.flag("return_text", false), OptionalInt.empty(), Optional.empty(), options);
    }
}
