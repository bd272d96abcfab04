package dev.bgem3.engine;

import dev.bgem3.head.DenseHead;

/**
 * What the heads make of a text.
 *
 * @param dense
 *            whether a dense vector is made
 * @param sparse
 *            whether lexical weights are
 * @param colbert
 *            whether ColBERT vectors are
 * @param tokenStates
 *            whether the hidden state of every token is kept as it is
 * @param pooling
 *            how the dense vector is made
 * @param dimension
 *            the leading numbers of a dense vector to keep
 * @param normalize
 *            whether dense vectors are divided by their length
 */
public record HeadSpec(boolean dense, boolean sparse, boolean colbert, boolean tokenStates,
        DenseHead.Pooling pooling, int dimension, boolean normalize) {
    /** Whether the last layer may leave out all tokens but the first of each text. */
    boolean needFirstTokensAlone() {
        return dense && !sparse && !colbert && !tokenStates && pooling == DenseHead.Pooling.CLS;
    }
}
