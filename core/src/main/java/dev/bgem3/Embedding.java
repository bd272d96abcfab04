package dev.bgem3;

import java.util.Objects;

/**
 * The outputs of one text. Its getters throw {@link IllegalStateException} for an output that was not
 * requested.
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

    /** Creates an embedding from a stored dense vector. */
    public static Embedding of(DenseVector dense) {
        return builder().dense(dense).build();
    }

    /** Creates an embedding from all three stored outputs. */
    public static Embedding of(DenseVector dense, LexicalWeights lexicalWeights, ColbertVectors colbert) {
        return builder().dense(dense).lexicalWeights(lexicalWeights).colbert(colbert).build();
    }

    /** Creates a builder for an embedding from stored values. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds an embedding from outputs that were stored or come from elsewhere; not thread-safe. */
    public static final class Builder {
        private DenseVector dense;
        private LexicalWeights lexicalWeights;
        private ColbertVectors colbert;
        private int tokenCount;
        private int fullTokenCount;

        private Builder() {}

        /** Sets the dense vector. */
        public Builder dense(DenseVector vector) {
            dense = Objects.requireNonNull(vector, "vector");
            return this;
        }

        /** Sets the lexical weights. */
        public Builder lexicalWeights(LexicalWeights weights) {
            lexicalWeights = Objects.requireNonNull(weights, "weights");
            return this;
        }

        /** Sets the ColBERT vectors. */
        public Builder colbert(ColbertVectors vectors) {
            colbert = Objects.requireNonNull(vectors, "vectors");
            return this;
        }

        /**
         * Sets the number of tokens that were computed, and the number that the text has.
         *
         * @throws IllegalArgumentException
         *             if the first is negative or exceeds the second
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
         * Builds the embedding.
         *
         * @throws IllegalArgumentException
         *             if it has no output
         */
        public Embedding build() {
            if (dense == null && lexicalWeights == null && colbert == null) {
                throw new IllegalArgumentException("outputs: none (expected: at least one)");
            }
            return new Embedding(dense, lexicalWeights, colbert, null, tokenCount, fullTokenCount);
        }
    }

    /** Computes the five scores with this as the query and equal weights; both need all three outputs. */
    public PairScores score(Embedding passage) {
        return score(passage, ScoreWeights.EQUAL);
    }

    /** Computes the five scores with this as the query; both need all three outputs. */
    public PairScores score(Embedding passage, ScoreWeights weights) {
        return PairScores.of(this, passage, weights);
    }

    /** Returns whether an output was computed. */
    public boolean has(Output output) {
        return switch (output) {
            case DENSE -> dense != null;
            case SPARSE -> lexicalWeights != null;
            case COLBERT -> colbert != null;
        };
    }

    /** Returns the dense vector. */
    public DenseVector dense() {
        return present(dense, Output.DENSE);
    }

    /** Returns the lexical weights. */
    public LexicalWeights lexicalWeights() {
        return present(lexicalWeights, Output.SPARSE);
    }

    /** Returns the ColBERT vectors. */
    public ColbertVectors colbert() {
        return present(colbert, Output.COLBERT);
    }

    /** Returns the last hidden states, if {@link EncodeOptions#tokenStates()} requested them. */
    public TokenStates tokenStates() {
        if (tokenStates == null) {
            throw new IllegalStateException(
                    "token states were not computed (expected: EncodeOptions.tokenStates)");
        }
        return tokenStates;
    }

    /**
     * Returns the number of tokens that were computed, including {@code <s>} and {@code </s>}; 0 if it was
     * not stored.
     */
    public int tokenCount() {
        return tokenCount;
    }

    /** Returns the number of tokens of the text before it was cut, including {@code <s>} and {@code </s>}. */
    public int fullTokenCount() {
        return fullTokenCount;
    }

    /** Returns whether the text was cut to the maximum length. */
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
