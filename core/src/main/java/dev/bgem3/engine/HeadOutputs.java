package dev.bgem3.engine;

import java.util.Optional;

/**
 * What the heads made of a batch, as it came from the device; empty where it was not asked for.
 *
 * @param dense
 *            each text's vector
 * @param tokenWeights
 *            the lexical weight of each token of all texts
 * @param colbert
 *            each text's vectors, one after another
 * @param tokenStates
 *            each text's hidden states, one after another
 */
record HeadOutputs(Optional<float[][]> dense, Optional<float[]> tokenWeights, Optional<float[][]> colbert,
        Optional<float[][]> tokenStates) {}
