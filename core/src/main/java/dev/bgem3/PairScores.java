package dev.bgem3;

import java.util.LinkedHashMap;
import java.util.Objects;
import java.util.SequencedMap;

/**
 * The five scores of a query and a passage, named as in FlagEmbedding's {@code compute_score}.
 *
 * @param dense
 *            the dot product of the dense vectors
 * @param sparse
 *            the lexical matching score
 * @param colbert
 *            the ColBERT score
 * @param sparseDense
 *            {@code sparse+dense}: (sparse · w₁ + dense · w₀) / (w₁ + w₀)
 * @param colbertSparseDense
 *            {@code colbert+sparse+dense}: (colbert · w₂ + sparse · w₁ + dense · w₀) / (w₀ + w₁ + w₂)
 */
public record PairScores(float dense, float sparse, float colbert, float sparseDense,
        float colbertSparseDense) {
    /** Returns the scores by FlagEmbedding's names, in its order. */
    public SequencedMap<String, Float> asMap() {
        SequencedMap<String, Float> scores = new LinkedHashMap<>();
        scores.put("dense", dense);
        scores.put("sparse", sparse);
        scores.put("colbert", colbert);
        scores.put("sparse+dense", sparseDense);
        scores.put("colbert+sparse+dense", colbertSparseDense);
        return scores;
    }

    /**
     * Computes the scores of two embeddings that have all three outputs.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="embeddings"}
     */
    public static PairScores of(Embedding query, Embedding passage, ScoreWeights weights) {
        Objects.requireNonNull(query, "query");
        Objects.requireNonNull(passage, "passage");
        Objects.requireNonNull(weights, "weights");
        float dense = query.dense().dot(passage.dense());
        float sparse = query.lexicalWeights().dot(passage.lexicalWeights());
        float colbert = query.colbert().score(passage.colbert());
        double two = sparse * weights.sparse() + dense * weights.dense();
        double three = colbert * weights.colbert() + two;
        return new PairScores(dense, sparse, colbert, (float) (two / (weights.sparse() + weights.dense())),
                (float) (three / (weights.dense() + weights.sparse() + weights.colbert())));
    }
}
