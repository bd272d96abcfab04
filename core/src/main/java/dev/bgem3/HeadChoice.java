package dev.bgem3;

import java.util.Set;

/**
 * What the heads make of a text.
 *
 * @param outputs
 *            which of the three kinds
 * @param pooling
 *            how the dense vector is made
 * @param dimension
 *            the leading numbers of a dense vector to keep
 * @param normalize
 *            whether dense vectors are divided by their length
 * @param tokenStates
 *            whether the hidden state of every token is kept as it is
 */
record HeadChoice(Set<Output> outputs, Pooling pooling, int dimension, boolean normalize,
        boolean tokenStates) {
    /** Whether the last layer may leave all tokens but the first of each text out. */
    boolean needFirstTokensAlone() {
        return outputs.equals(Set.of(Output.DENSE)) && pooling == Pooling.CLS && !tokenStates;
    }
}
