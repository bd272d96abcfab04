package dev.bgem3;

import dev.bgem3.io.FloatBytes;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;

/**
 * Lexical (sparse) weights: one weight above 0 for each distinct token of a text.
 *
 * <p>
 * Immutable and thread-safe, except for the arrays, which are shared with the caller and must not be changed.
 *
 * {@snippet file="dev/bgem3/sample/ResultSamplesTest.java" region="lexical"}
 */
public final class LexicalWeights {
    private final int[] tokenIds;
    private final float[] weights;
    /** Indices into {@code tokenIds}, in the order in which the tokens first appear in the text. */
    private final int[] textOrder;

    private LexicalWeights(int[] tokenIds, float[] weights, int[] textOrder) {
        this.tokenIds = tokenIds;
        this.weights = weights;
        this.textOrder = textOrder;
    }

    /**
     * Gathers a text's token weights as FlagEmbedding does: drops special ids and weights that are not above
     * 0, and keeps the largest weight of each id.
     *
     * @param ids
     *            the token id of each token of the text
     * @param tokenWeights
     *            the weight of each token of the text
     * @param special
     *            the ids to drop, in ascending order
     */
    static LexicalWeights gather(int[] ids, float[] tokenWeights, int[] special) {
        Map<Integer, Float> largest = LinkedHashMap.newLinkedHashMap(ids.length);
        for (int i = 0; i < ids.length; i++) {
            float weight = tokenWeights[i];
            if (weight > 0 && Arrays.binarySearch(special, ids[i]) < 0) {
                largest.merge(ids[i], weight, Math::max);
            }
        }
        return of(largest);
    }

    /**
     * Creates lexical weights from a map of token ids to weights, whose order is taken as that of the text.
     *
     * @throws IllegalArgumentException
     *             if an id is negative, or a weight is not a finite number above 0
     */
    public static LexicalWeights of(Map<Integer, Float> weightsById) {
        Objects.requireNonNull(weightsById, "weightsById");
        weightsById.forEach((id, weight) -> {
            if (id < 0) {
                throw new IllegalArgumentException("token id: " + id + " (expected: at least 0)");
            }
            if (!(weight > 0 && weight <= Float.MAX_VALUE)) {
                throw new IllegalArgumentException(
                        "weight of token id " + id + ": " + weight + " (expected: a finite number above 0)");
            }
        });
        int[] inTextOrder = weightsById.keySet().stream().mapToInt(Integer::intValue).toArray();
        int[] sorted = inTextOrder.clone();
        Arrays.sort(sorted);
        float[] weights = new float[sorted.length];
        int[] order = new int[sorted.length];
        for (int i = 0; i < inTextOrder.length; i++) {
            int place = Arrays.binarySearch(sorted, inTextOrder[i]);
            order[i] = place;
            weights[place] = weightsById.get(inTextOrder[i]);
        }
        return new LexicalWeights(sorted, weights, order);
    }

    /**
     * Reads the bytes that {@link #toBytes} wrote.
     *
     * @throws IllegalArgumentException
     *             if {@link #toBytes} cannot have written the bytes, or as for {@link #of}
     */
    public static LexicalWeights fromBytes(byte[] bytes) {
        Objects.requireNonNull(bytes, "bytes");
        int size = FloatBytes.ints(bytes, 1)[0];
        if (size < 0 || bytes.length != Integer.BYTES + 2L * size * Integer.BYTES) {
            throw new IllegalArgumentException(
                    "bytes: " + bytes.length + " (expected: a number n, and 8 for each of "
                            + size + " tokens)");
        }
        int[] ids = FloatBytes.ints(bytes, size + 1);
        float[] weights = FloatBytes.floats(bytes, size + 1);
        Map<Integer, Float> byId = LinkedHashMap.newLinkedHashMap(size);
        for (int i = 0; i < size; i++) {
            if (byId.put(ids[i + 1], weights[i]) != null) {
                throw new IllegalArgumentException(
                        "token id: " + ids[i + 1] + ", twice (expected: each once)");
            }
        }
        return of(byId);
    }

    /**
     * Returns the number of tokens as int32, then their ids as int32 in the order of the text, then their
     * weights as fp32, all little-endian.
     */
    public byte[] toBytes() {
        float[] inTextOrder = new float[weights.length];
        for (int i = 0; i < textOrder.length; i++) {
            inTextOrder[i] = weights[textOrder[i]];
        }
        ByteBuffer bytes = FloatBytes.of(1 + tokenIds.length, inTextOrder).putInt(tokenIds.length);
        for (int place : textOrder) {
            bytes.putInt(tokenIds[place]);
        }
        return bytes.array();
    }

    /** Returns the number of distinct tokens. */
    public int size() {
        return tokenIds.length;
    }

    /** Returns the token ids in ascending order. */
    public int[] tokenIds() {
        return tokenIds;
    }

    /** Returns the weights, in the order of {@link #tokenIds()}. */
    public float[] weights() {
        return weights;
    }

    /** Returns the weight of a token; 0 if the text does not have it. */
    public float weight(int tokenId) {
        int place = Arrays.binarySearch(tokenIds, tokenId);
        return place < 0 ? 0 : weights[place];
    }

    /**
     * Returns an unmodifiable map of token ids to weights, in the order in which the tokens first appear in
     * the text.
     */
    public SequencedMap<Integer, Float> asMap() {
        SequencedMap<Integer, Float> map = LinkedHashMap.newLinkedHashMap(tokenIds.length);
        for (int place : textOrder) {
            map.put(tokenIds[place], weights[place]);
        }
        return Collections.unmodifiableSequencedMap(map);
    }

    /**
     * Computes the lexical matching score: the sum, over the tokens that both have, of the product of their
     * weights.
     */
    public float dot(LexicalWeights other) {
        Objects.requireNonNull(other, "other");
        double sum = 0;
        int i = 0;
        int j = 0;
        while (i < tokenIds.length && j < other.tokenIds.length) {
            int order = Integer.compare(tokenIds[i], other.tokenIds[j]);
            if (order == 0) {
                sum += (double) weights[i] * other.weights[j];
            }
            i += order <= 0 ? 1 : 0;
            j += order >= 0 ? 1 : 0;
        }
        return (float) sum;
    }

    /** Returns whether ids and weights are equal; the order in the text does not matter. */
    @Override
    public boolean equals(Object other) {
        return other instanceof LexicalWeights that && Arrays.equals(tokenIds, that.tokenIds)
                && Arrays.equals(weights, that.weights);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(tokenIds) + Arrays.hashCode(weights);
    }

    @Override
    public String toString() {
        return "LexicalWeights" + asMap();
    }
}
