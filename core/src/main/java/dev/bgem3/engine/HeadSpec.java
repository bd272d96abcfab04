package dev.bgem3.engine;

import dev.bgem3.head.DenseHead;

/**
 * What the heads compute for a text.
 *
 * @param dense
 *            whether to compute a dense vector
 * @param sparse
 *            whether to compute lexical weights
 * @param colbert
 *            whether to compute ColBERT vectors
 * @param tokenStates
 *            whether to keep the hidden state of every token
 * @param pooling
 *            how the dense vector is computed from the token vectors
 * @param dimension
 *            the number of leading dimensions of a dense vector to keep
 * @param normalize
 *            whether dense vectors are divided by their length
 */
public record HeadSpec(boolean dense, boolean sparse, boolean colbert, boolean tokenStates,
        DenseHead.Pooling pooling, int dimension, boolean normalize) {
    /** Returns whether the last layer need only compute the first token of each text. */
    boolean needsOnlyFirstTokens() {
        return dense && !sparse && !colbert && !tokenStates && pooling == DenseHead.Pooling.CLS;
    }
}
