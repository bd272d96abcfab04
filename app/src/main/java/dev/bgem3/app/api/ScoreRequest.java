package dev.bgem3.app.api;

import dev.bgem3.ScoreWeights;
import dev.bgem3.TextInput;
import java.util.List;
import java.util.OptionalInt;

/**
 * The request of {@code POST /v1/score}: a query and passages.
 *
 * @param query
 *            {@code query}
 * @param passages
 *            {@code passages}
 * @param weights
 *            {@code weights}: those of dense, sparse and ColBERT in the two weighted scores
 * @param maxLength
 *            {@code max_length}: the maximum number of tokens in a text; the rest is cut off
 * @param options
 *            {@code truncate}, {@code truncation_direction}
 */
public record ScoreRequest(TextInput.Text query, List<TextInput.Text> passages, ScoreWeights weights,
        OptionalInt maxLength,
        TextOptions options) {
    private static final int WEIGHTS = 3;

    /** Reads a body; unknown fields are errors. */
    public static ScoreRequest read(Fields fields) {
        fields.only("query", "passages", "weights", "max_length", "truncate", "truncation_direction");
        return new ScoreRequest(fields.text("query", TextInput::ofQuery),
                fields.texts("passages", TextInput::ofPassage), weights(fields),
                fields.optionalInt("max_length", 2), TextOptions.read(fields));
    }

    private static ScoreWeights weights(Fields fields) {
        List<Double> weights = fields.optionalNumbers("weights").orElse(List.of(1.0, 1.0, 1.0));
        if (weights.size() != WEIGHTS) {
            throw Fields.invalid("weights",
                    weights.size() + " numbers (expected: 3, of dense, sparse and ColBERT)");
        }
        try {
            return new ScoreWeights(weights.get(0), weights.get(1), weights.get(2));
        } catch (IllegalArgumentException e) {
            throw new InvalidRequestException(InvalidRequestException.Fault.VALIDATION, e.getMessage());
        }
    }
}
