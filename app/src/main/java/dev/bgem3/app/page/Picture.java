package dev.bgem3.app.page;

import dev.bgem3.ScoreWeights;
import java.util.List;
import java.util.SequencedMap;

/**
 * The content of a page: a query compared with passages by a model.
 *
 * @param model
 *            the model's name
 * @param outputs
 *            the labels of the model's outputs
 * @param maxLength
 *            the maximum number of tokens in a text, including {@code <s>} and {@code </s>}
 * @param weights
 *            the weights of the weighted scores
 * @param query
 *            the query
 * @param passages
 *            the passages, in the order in which they were given
 */
public record Picture(String model, List<String> outputs, int maxLength, ScoreWeights weights, Text query,
        List<Passage> passages) {
    /** The maximum number of passages in a picture. */
    public static final int MAX_PASSAGES = 100;

    /**
     * A text and its tokens.
     *
     * @param text
     *            the text that the model read, including its prompt, if any
     * @param tokenCount
     *            the number of tokens that were computed, including {@code <s>} and {@code </s>}
     * @param fullTokenCount
     *            the number of tokens before truncation
     * @param tokens
     *            the computed tokens except {@code <s>}: one for each ColBERT vector
     */
    public record Text(String text, int tokenCount, int fullTokenCount, List<Token> tokens) {}

    /**
     * A token.
     *
     * @param start
     *            where the token begins in the text, in UTF-16 units
     * @param stop
     *            where it ends, exclusive
     * @param name
     *            the token as it is in the vocabulary, shown if it covers no text
     * @param weight
     *            the lexical weight of its id, the largest in the text; 0 if it has none
     */
    public record Token(int id, int start, int stop, String name, float weight) {}

    /**
     * A passage.
     *
     * @param scores
     *            the scores by name; fewer than five if the model lacks outputs
     * @param alignment
     *            the alignment of the query with the passage; null if the model has no ColBERT vectors
     */
    public record Passage(Text text, SequencedMap<String, Float> scores, Alignment alignment) {}
}
