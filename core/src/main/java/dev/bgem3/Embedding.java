package dev.bgem3;

/**
 * What was computed for one text. An output that was not asked for is not there, and asking this object for
 * it says so.
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

    /** The number of tokens that were computed, {@code <s>} and {@code </s>} included. */
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
