package dev.bgem3;

import dev.bgem3.error.NonFiniteOutputException;
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
        Optional<float[][]> tokenStates) {
    /**
     * The embedding of one text.
     *
     * @param s
     *            its number in the batch
     * @param firstToken
     *            the number of its first token in the batch
     * @param specialIds
     *            ids without a lexical weight, ascending
     */
    Embedding embedding(TokenizedText text, int s, int firstToken, int colbertDimension, int[] specialIds) {
        int length = text.tokenIds().length;
        DenseVector denseVector = dense.map(vectors -> {
            requireFinite(text, Output.DENSE.label(), vectors[s], 0, vectors[s].length);
            return new DenseVector(vectors[s]);
        }).orElse(null);
        LexicalWeights lexicalWeights = tokenWeights.map(weights -> {
            requireFinite(text, Output.SPARSE.label(), weights, firstToken, length);
            return LexicalWeights.gather(text.tokenIds(), weights, firstToken, specialIds);
        }).orElse(null);
        ColbertVectors colbertVectors = colbert.map(vectors -> {
            requireFinite(text, Output.COLBERT.label(), vectors[s], 0, vectors[s].length);
            return new ColbertVectors(vectors[s], length - 1, colbertDimension);
        }).orElse(null);
        TokenStates states = tokenStates.map(values -> {
            requireFinite(text, "token states", values[s], 0, values[s].length);
            return new TokenStates(values[s], length, values[s].length / length);
        }).orElse(null);
        return new Embedding(denseVector, lexicalWeights, colbertVectors, states, length, text.fullLength());
    }

    private static void requireFinite(TokenizedText text, String output, float[] values, int from,
            int length) {
        // The largest magnitude as bits, where infinity is above all numbers and NaN above infinity: this loop, unlike
        // one that may end early, becomes vector code.
        int most = 0;
        for (int i = from; i < from + length; i++) {
            most = Math.max(most, Float.floatToRawIntBits(values[i]) & Integer.MAX_VALUE);
        }
        if (Float.isFinite(Float.intBitsToFloat(most))) {
            return;
        }
        for (int i = from; i < from + length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new NonFiniteOutputException(
                        text.name() + ": " + output + ": number " + (i - from)
                                + " is " + values[i] + " (expected: finite numbers)");
            }
        }
    }
}
