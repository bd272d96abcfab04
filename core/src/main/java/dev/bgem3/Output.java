package dev.bgem3;

/** The three kinds of output that BGE-M3 computes in one pass. */
public enum Output {
    /** One vector a text. */
    DENSE("dense"),
    /** Lexical weights: one weight for each different token of a text. */
    SPARSE("sparse"),
    /** ColBERT vectors: one vector for each token of a text but the first. */
    COLBERT("colbert");

    private final String label;

    Output(String label) {
        this.label = label;
    }

    /** The name that FlagEmbedding, the command line and the messages use. */
    public String label() {
        return label;
    }
}
