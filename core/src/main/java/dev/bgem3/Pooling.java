package dev.bgem3;

import dev.bgem3.head.DenseHead;

/** How a dense vector is computed from a text's token vectors. */
public enum Pooling {
    /** The first token's vector, as BGE-M3 uses. */
    CLS("cls"),
    /** The mean over all tokens, including {@code <s>} and {@code </s>}. */
    MEAN("mean"),
    /** The last token's vector. */
    LAST_TOKEN("last_token");

    private final String label;

    Pooling(String label) {
        this.label = label;
    }

    static Pooling of(DenseHead.Pooling pooling) {
        return switch (pooling) {
            case CLS -> CLS;
            case MEAN -> MEAN;
            case LAST_TOKEN -> LAST_TOKEN;
        };
    }

    DenseHead.Pooling inHead() {
        return switch (this) {
            case CLS -> DenseHead.Pooling.CLS;
            case MEAN -> DenseHead.Pooling.MEAN;
            case LAST_TOKEN -> DenseHead.Pooling.LAST_TOKEN;
        };
    }

    /** Returns the name that FlagEmbedding and the command line use. */
    public String label() {
        return label;
    }
}
