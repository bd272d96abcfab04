package dev.bgem3;

/** How a dense vector is made of a text's token vectors. */
public enum Pooling {
    /** The first token's vector: BGE-M3's own. */
    CLS("cls"),
    /** The mean over all tokens, {@code <s>} and {@code </s>} included. */
    MEAN("mean"),
    /** The last token's vector. */
    LAST_TOKEN("last_token");

    private final String label;

    Pooling(String label) {
        this.label = label;
    }

    /** The name that FlagEmbedding and the command line use. */
    public String label() {
        return label;
    }
}
