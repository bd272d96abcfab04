package dev.bgem3;

import dev.bgem3.engine.TokenizedText;
import java.util.Comparator;

/**
 * How well a passage answers a query, by a {@link Reranker}.
 *
 * @param index
 *            the place of the passage, or of the pair, in its call
 * @param score
 *            the raw score, or its sigmoid where the call asked for that
 * @param rawScore
 *            the classifier's own number, of any size and sign
 * @param tokenCount
 *            the tokens of the pair that were computed, its four special ones included
 * @param fullTokenCount
 *            the tokens of the pair before it was cut
 */
public record RerankScore(int index, float score, float rawScore, int tokenCount, int fullTokenCount) {
    /**
     * The highest raw score first, the lower index where two are equal. By raw scores, because sigmoids of
     * large ones become equal once they are rounded.
     */
    public static final Comparator<RerankScore> BEST_FIRST = Comparator.comparing(RerankScore::rawScore)
            .reversed().thenComparing(RerankScore::index);

    static RerankScore of(int index, float rawScore, boolean normalize, TokenizedText pair) {
        return new RerankScore(index, normalize ? sigmoid(rawScore) : rawScore, rawScore,
                pair.tokenIds().length, pair.fullLength());
    }

    /** In double as in FlagEmbedding, and with the same bits on every machine. */
    private static float sigmoid(float x) {
        return (float) (1 / (1 + StrictMath.exp(-x)));
    }

    /** Whether the query or the passage was cut to the maximum length. */
    public boolean truncated() {
        return tokenCount < fullTokenCount;
    }
}
