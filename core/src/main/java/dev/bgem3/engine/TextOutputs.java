package dev.bgem3.engine;

import dev.bgem3.error.NonFiniteOutputException;
import java.util.Arrays;
import java.util.Optional;

/**
 * The outputs of the heads for one text of T tokens, all finite; empty for outputs that were not requested.
 *
 * @param text
 *            the text
 * @param dense
 *            [D]
 * @param tokenWeights
 *            [T], the lexical weight of each token
 * @param colbert
 *            [T − 1, C] row-major
 * @param tokenStates
 *            [T, H] row-major
 */
public record TextOutputs(TokenizedText text, Optional<float[]> dense, Optional<float[]> tokenWeights,
        Optional<float[]> colbert, Optional<float[]> tokenStates) {
    /**
     * Extracts the outputs of a text from those of its batch.
     *
     * @param s
     *            the text's index in the batch
     * @param firstToken
     *            the index of its first token in the batch
     * @throws NonFiniteOutputException
     *             if an output is NaN or infinite
     */
    static TextOutputs of(TokenizedText text, HeadOutputs batch, int s, int firstToken) {
        return new TextOutputs(text, batch.dense().map(all -> finite(text, "dense", all[s])),
                batch.tokenWeights().map(all -> finite(text, "sparse",
                        Arrays.copyOfRange(all, firstToken, firstToken + text.tokenIds().length))),
                batch.colbert().map(all -> finite(text, "colbert", all[s])),
                batch.tokenStates().map(all -> finite(text, "token states", all[s])));
    }

    private static float[] finite(TokenizedText text, String output, float[] values) {
        // Computes the largest magnitude as bits, where infinity is above all numbers and NaN above infinity.
        // The JIT vectorises this loop, unlike one that may end early.
        int max = 0;
        for (float value : values) {
            max = Math.max(max, Float.floatToRawIntBits(value) & Integer.MAX_VALUE);
        }
        if (Float.isFinite(Float.intBitsToFloat(max))) {
            return values;
        }
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new NonFiniteOutputException(text.name() + ": " + output + ": number " + i + " is "
                        + values[i] + " (expected: finite numbers)");
            }
        }
        throw new AssertionError("some number is not finite");
    }
}
