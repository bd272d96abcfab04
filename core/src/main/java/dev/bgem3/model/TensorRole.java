package dev.bgem3.model;

/** What a tensor of a model's file is for. */
public enum TensorRole {
    /** [V, C]: a row for each token id. */
    WORD_EMBEDDINGS(Part.EMBEDDINGS),
    /** A row for each position in a text. */
    POSITION_EMBEDDINGS(Part.EMBEDDINGS),
    /** A row for each of the texts that are read together; only the first is used. */
    TOKEN_TYPE_EMBEDDINGS(Part.EMBEDDINGS),
    /** After the sum of the embeddings. */
    EMBEDDING_NORM(Part.EMBEDDINGS),
    /** The three projections in one product, [3·C, C]. */
    QUERY_KEY_VALUE(Part.ATTENTION),
    /** [C, C]. */
    ATTENTION_OUTPUT(Part.ATTENTION),
    /** After the attention's residual. */
    ATTENTION_NORM(Part.ATTENTION),
    /** [F, C]. */
    INTERMEDIATE(Part.FEED_FORWARD),
    /** [C, F]. */
    OUTPUT(Part.FEED_FORWARD),
    /** After the feed-forward part's residual. */
    OUTPUT_NORM(Part.FEED_FORWARD),
    /** [1, C]: one lexical weight a token. */
    SPARSE_HEAD(Part.HEAD),
    /** [D, C]: a ColBERT vector a token. */
    COLBERT_HEAD(Part.HEAD),
    /** [C, C]: a cross-encoder's layer before the tanh. */
    CLASSIFIER_DENSE(Part.HEAD),
    /** [1, C]: a cross-encoder's layer after the tanh. */
    CLASSIFIER_OUTPUT(Part.HEAD);

    /** The parts of a model. */
    public enum Part {
        /** Tables, and what turns their rows into the first layer's input. */
        EMBEDDINGS,
        /** The attention of a layer. */
        ATTENTION,
        /** The feed-forward part of a layer. */
        FEED_FORWARD,
        /** What turns the last layer's output into results. */
        HEAD
    }

    private final Part part;

    TensorRole(Part part) {
        this.part = part;
    }

    /** The part of the model that it belongs to. */
    public Part part() {
        return part;
    }
}
