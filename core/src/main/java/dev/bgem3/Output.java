package dev.bgem3;

/** The three kinds of output that BGE-M3 computes in one pass. */
public enum Output {
    /** Dense vectors: one vector for each text. */
    DENSE("dense"),
    /** Lexical weights: one weight for each distinct token of a text. */
    SPARSE("sparse"),
    /** ColBERT vectors: one vector for each token of a text except the first. */
    COLBERT("colbert");

    private final String label;

    Output(String label) {
        this.label = label;
    }

    /** Returns the name that FlagEmbedding, the command line and the messages use. */
    public String label() {
        return label;
    }
}
