package dev.bgem3.engine;

import java.util.Optional;

/**
 * The outputs of the heads for a batch, as read from the device; empty for outputs that were not requested.
 *
 * @param dense
 *            each text's vector
 * @param tokenWeights
 *            the lexical weight of each token of all texts
 * @param colbert
 *            each text's vectors, concatenated
 * @param tokenStates
 *            each text's hidden states, concatenated
 */
record HeadOutputs(Optional<float[][]> dense, Optional<float[]> tokenWeights, Optional<float[][]> colbert,
        Optional<float[][]> tokenStates) {}
