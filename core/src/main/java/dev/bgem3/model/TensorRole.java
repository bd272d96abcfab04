package dev.bgem3.model;

/** The purpose of a tensor in a model. */
public enum TensorRole {
    /** [V, C]: a row for each token id. */
    WORD_EMBEDDINGS(Part.EMBEDDINGS),
    /** A row for each position in a text. */
    POSITION_EMBEDDINGS(Part.EMBEDDINGS),
    /** A row for each text of a pair; only the first row is used. */
    TOKEN_TYPE_EMBEDDINGS(Part.EMBEDDINGS),
    /** The layer norm after the sum of the embeddings. */
    EMBEDDING_NORM(Part.EMBEDDINGS),
    /** [3·C, C]: the three projections in one matrix product. */
    QUERY_KEY_VALUE(Part.ATTENTION),
    /** [C, C]. */
    ATTENTION_OUTPUT(Part.ATTENTION),
    /** The layer norm after the attention's residual. */
    ATTENTION_NORM(Part.ATTENTION),
    /** [F, C]. */
    INTERMEDIATE(Part.FEED_FORWARD),
    /** [C, F]. */
    OUTPUT(Part.FEED_FORWARD),
    /** The layer norm after the feed-forward part's residual. */
    OUTPUT_NORM(Part.FEED_FORWARD),
    /** [1, C]: computes one lexical weight for each token. */
    SPARSE_HEAD(Part.HEAD),
    /** [D, C]: computes a ColBERT vector for each token. */
    COLBERT_HEAD(Part.HEAD),
    /** [C, C]: a cross-encoder's layer before the tanh. */
    CLASSIFIER_DENSE(Part.HEAD),
    /** [1, C]: a cross-encoder's layer after the tanh. */
    CLASSIFIER_OUTPUT(Part.HEAD);

    /** The parts of a model. */
    public enum Part {
        /** The tables, and the norm that turns their rows into the first layer's input. */
        EMBEDDINGS,
        /** The attention of a layer. */
        ATTENTION,
        /** The feed-forward part of a layer. */
        FEED_FORWARD,
        /** The layers that turn the last encoder layer's output into results. */
        HEAD
    }

    private final Part part;

    TensorRole(Part part) {
        this.part = part;
    }

    /** Returns the part of the model that the tensor belongs to. */
    public Part part() {
        return part;
    }
}
