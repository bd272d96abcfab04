package dev.bgem3.engine;

import dev.bgem3.error.NonFiniteOutputException;
import java.util.Arrays;
import java.util.Optional;

/**
 * What the heads made of one text of T tokens: finite numbers; empty where it was not asked for.
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
     * The outputs of a batch's text.
     *
     * @param s
     *            its number in the batch
     * @param firstToken
     *            the number of its first token in the batch
     * @throws NonFiniteOutputException
     *             where one is NaN or infinite
     */
    static TextOutputs of(TokenizedText text, HeadOutputs batch, int s, int firstToken) {
        return new TextOutputs(text, batch.dense().map(all -> finite(text, "dense", all[s])),
                batch.tokenWeights().map(all -> finite(text, "sparse",
                        Arrays.copyOfRange(all, firstToken, firstToken + text.tokenIds().length))),
                batch.colbert().map(all -> finite(text, "colbert", all[s])),
                batch.tokenStates().map(all -> finite(text, "token states", all[s])));
    }

    private static float[] finite(TokenizedText text, String output, float[] values) {
        // The largest magnitude as bits, where infinity is above all numbers and NaN above infinity: this
        // loop, unlike one that may end early, becomes vector code.
        int most = 0;
        for (float value : values) {
            most = Math.max(most, Float.floatToRawIntBits(value) & Integer.MAX_VALUE);
        }
        if (Float.isFinite(Float.intBitsToFloat(most))) {
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
