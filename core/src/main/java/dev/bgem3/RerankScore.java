package dev.bgem3;

import dev.bgem3.engine.TokenizedText;
import java.util.Comparator;

/**
 * The score of a passage for a query, computed by a {@link Reranker}.
 *
 * @param index
 *            the index of the passage, or of the pair, in its call
 * @param score
 *            the raw score, or its sigmoid if the call requested that
 * @param rawScore
 *            the classifier's output, of any magnitude and sign
 * @param tokenCount
 *            the number of the pair's tokens that were computed, including its four special ones
 * @param fullTokenCount
 *            the number of the pair's tokens before it was cut
 */
public record RerankScore(int index, float score, float rawScore, int tokenCount, int fullTokenCount) {
    /**
     * Sorts by raw score, the highest first, and equal ones by index. It uses raw scores because the sigmoids
     * of large ones are equal after rounding.
     */
    public static final Comparator<RerankScore> BEST_FIRST = Comparator.comparing(RerankScore::rawScore)
            .reversed().thenComparing(RerankScore::index);

    static RerankScore of(int index, float rawScore, boolean normalize, TokenizedText pair) {
        return new RerankScore(index, normalize ? sigmoid(rawScore) : rawScore, rawScore,
                pair.tokenIds().length, pair.fullLength());
    }

    /** Computes in double as FlagEmbedding does; StrictMath gives the same bits on every machine. */
    private static float sigmoid(float x) {
        return (float) (1 / (1 + StrictMath.exp(-x)));
    }

    /** Returns whether the query or the passage was cut to the maximum length. */
    public boolean truncated() {
        return tokenCount < fullTokenCount;
    }
}
