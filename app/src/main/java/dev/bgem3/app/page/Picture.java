package dev.bgem3.app.page;

import dev.bgem3.ScoreWeights;
import java.util.List;
import java.util.SequencedMap;

/**
 * What a page draws: a query beside passages, as a model sees them.
 *
 * @param model
 *            the model's name
 * @param outputs
 *            the labels of the outputs that it has
 * @param maxLength
 *            the most tokens of a text, {@code <s>} and {@code </s>} included
 * @param weights
 *            of the weighted scores
 * @param query
 *            the query
 * @param passages
 *            the passages, in the order in which they were given
 */
public record Picture(String model, List<String> outputs, int maxLength, ScoreWeights weights, Text query,
        List<Passage> passages) {
    /** The most passages of one. */
    public static final int MAX_PASSAGES = 100;

    /**
     * A text as tokens.
     *
     * @param text
     *            as the model read it: after its prompt, where it has one
     * @param tokenCount
     *            the tokens that were computed, {@code <s>} and {@code </s>} included
     * @param fullTokenCount
     *            the tokens that it has
     * @param tokens
     *            those computed but for {@code <s>}, one for each ColBERT vector
     */
    public record Text(String text, int tokenCount, int fullTokenCount, List<Token> tokens) {}

    /**
     * A token.
     *
     * @param start
     *            where its source begins, in UTF-16 units
     * @param stop
     *            where its source ends, exclusive
     * @param name
     *            the token itself, where its source is empty
     * @param weight
     *            the lexical weight of its id, the largest of those in the text; 0 without one
     */
    public record Token(int id, int start, int stop, String name, float weight) {}

    /**
     * A passage.
     *
     * @param scores
     *            by name; fewer than five where the model lacks outputs
     * @param alignment
     *            of the query with it; null where the model has no ColBERT vectors
     */
    public record Passage(Text text, SequencedMap<String, Float> scores, Alignment alignment) {}
}
