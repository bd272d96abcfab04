package dev.bgem3;

/**
 * The weights of the three scores in the weighted ones, in FlagEmbedding's order.
 *
 * @param dense
 *            the dense score's
 * @param sparse
 *            the lexical score's
 * @param colbert
 *            the ColBERT score's
 */
public record ScoreWeights(double dense, double sparse, double colbert) {
    /** One each: FlagEmbedding's default. */
    public static final ScoreWeights EQUAL = new ScoreWeights(1, 1, 1);

    /** Checks that the weighted means exist. */
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
