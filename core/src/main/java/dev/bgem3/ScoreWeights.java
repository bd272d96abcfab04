package dev.bgem3;

/**
 * The weights of the three scores in their weighted means, in FlagEmbedding's order.
 *
 * @param dense
 *            the weight of the dense score
 * @param sparse
 *            the weight of the lexical matching score
 * @param colbert
 *            the weight of the ColBERT score
 */
public record ScoreWeights(double dense, double sparse, double colbert) {
    /** Weights of 1, which is FlagEmbedding's default. */
    public static final ScoreWeights EQUAL = new ScoreWeights(1, 1, 1);

    /** Checks that each weight is in 0..1e9 and that the weighted means exist. */
    public ScoreWeights {
        check("dense", dense);
        check("sparse", sparse);
        check("colbert", colbert);
        if (dense + sparse == 0) {
            throw new IllegalArgumentException("weights: dense + sparse is 0 (expected: above 0)");
        }
    }

    private static void check(String name, double weight) {
        if (!(weight >= 0) || weight > 1e9) {
            throw new IllegalArgumentException("weights: " + name + ": " + weight + " (expected: 0..1e9)");
        }
    }
}
