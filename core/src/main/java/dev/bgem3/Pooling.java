package dev.bgem3;

import dev.bgem3.head.DenseHead;

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

    /** The name that FlagEmbedding and the command line use. */
    public String label() {
        return label;
    }
}
