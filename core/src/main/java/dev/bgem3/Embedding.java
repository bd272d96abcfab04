package dev.bgem3;

import java.util.Objects;

/**
 * What was computed for one text. An output that was not asked for is not there, and asking this object for
 * it says so.
 *
 * {@snippet file="dev/bgem3/sample/ResultSamplesTest.java" region="embedding"}
 */
public final class Embedding {
    private final DenseVector dense;
    private final LexicalWeights lexicalWeights;
    private final ColbertVectors colbert;
    private final TokenStates tokenStates;
    private final int tokenCount;
    private final int fullTokenCount;

    Embedding(DenseVector dense, LexicalWeights lexicalWeights, ColbertVectors colbert,
            TokenStates tokenStates, int tokenCount, int fullTokenCount) {
        this.dense = dense;
        this.lexicalWeights = lexicalWeights;
        this.colbert = colbert;
        this.tokenStates = tokenStates;
        this.tokenCount = tokenCount;
        this.fullTokenCount = fullTokenCount;
    }

    /** An embedding of a stored dense vector alone. */
    public static Embedding of(DenseVector dense) {
        return builder().dense(dense).build();
    }

    /** An embedding of all three stored outputs. */
    public static Embedding of(DenseVector dense, LexicalWeights lexicalWeights, ColbertVectors colbert) {
        return builder().dense(dense).lexicalWeights(lexicalWeights).colbert(colbert).build();
    }

    /** A builder of an embedding of stored values. */
    public static Builder builder() {
        return new Builder();
    }

    /** Puts an embedding together, of outputs that were stored or come from elsewhere; for one thread. */
    public static final class Builder {
        private DenseVector dense;
        private LexicalWeights lexicalWeights;
        private ColbertVectors colbert;
        private int tokenCount;
        private int fullTokenCount;

        private Builder() {}

        /** The dense vector. */
        public Builder dense(DenseVector vector) {
            dense = Objects.requireNonNull(vector, "vector");
            return this;
        }

        /** The lexical weights. */
        public Builder lexicalWeights(LexicalWeights weights) {
            lexicalWeights = Objects.requireNonNull(weights, "weights");
            return this;
        }

        /** The ColBERT vectors. */
        public Builder colbert(ColbertVectors vectors) {
            colbert = Objects.requireNonNull(vectors, "vectors");
            return this;
        }

        /**
         * How many tokens were computed, and how many the text has.
         *
         * @throws IllegalArgumentException
         *             where the first is below 0 or above the second
         */
        public Builder tokenCounts(int computed, int full) {
            if (computed < 0 || computed > full) {
                throw new IllegalArgumentException(
                        "tokenCount: " + computed + " (expected: 0.." + full + ", the text's)");
            }
            tokenCount = computed;
            fullTokenCount = full;
            return this;
        }

        /**
         * The embedding.
         *
         * @throws IllegalArgumentException
         *             where it has no output
         */
        public Embedding build() {
            if (dense == null && lexicalWeights == null && colbert == null) {
                throw new IllegalArgumentException("outputs: none (expected: at least one)");
            }
            return new Embedding(dense, lexicalWeights, colbert, null, tokenCount, fullTokenCount);
        }
    }

    /** The five scores with this as the query and equal weights; both need all three outputs. */
    public PairScores score(Embedding passage) {
        return score(passage, ScoreWeights.EQUAL);
    }

    /** The five scores with this as the query; both need all three outputs. */
    public PairScores score(Embedding passage, ScoreWeights weights) {
        return PairScores.of(this, passage, weights);
    }

    /** Whether an output was computed. */
    public boolean has(Output output) {
        return switch (output) {
            case DENSE -> dense != null;
            case SPARSE -> lexicalWeights != null;
            case COLBERT -> colbert != null;
        };
    }

    /** The dense vector. */
    public DenseVector dense() {
        return present(dense, Output.DENSE);
    }

    /** The lexical weights. */
    public LexicalWeights lexicalWeights() {
        return present(lexicalWeights, Output.SPARSE);
    }

    /** The ColBERT vectors. */
    public ColbertVectors colbert() {
        return present(colbert, Output.COLBERT);
    }

    /** The last hidden states, where {@link EncodeOptions#tokenStates()} asked for them. */
    public TokenStates tokenStates() {
        if (tokenStates == null) {
            throw new IllegalStateException(
                    "token states were not computed (expected: EncodeOptions.tokenStates)");
        }
        return tokenStates;
    }

    /**
     * The number of tokens that were computed, {@code <s>} and {@code </s>} included; 0 if it was not stored.
     */
    public int tokenCount() {
        return tokenCount;
    }

    /** The number of tokens that the text has, {@code <s>} and {@code </s>} included, before it was cut. */
    public int fullTokenCount() {
        return fullTokenCount;
    }

    /** Whether the text was cut to the maximum length. */
    public boolean truncated() {
        return tokenCount < fullTokenCount;
    }

    private static <T> T present(T value, Output output) {
        if (value == null) {
            throw new IllegalStateException(
                    output.label() + " was not computed (expected: Output." + output
                            + " in EncodeOptions.outputs)");
        }
        return value;
    }

    @Override
    public String toString() {
        return "Embedding[dense=" + dense + ", lexicalWeights=" + lexicalWeights + ", colbert=" + colbert
                + ", tokenCount=" + tokenCount + ", truncated=" + truncated() + "]";
    }
}
