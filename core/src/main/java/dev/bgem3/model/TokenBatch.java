package dev.bgem3.model;

import java.util.List;

/**
 * The concatenated tokens of several texts, without padding.
 *
 * @param tokenIds
 *            [T]
 * @param cumulativeLengths
 *            [S + 1]: text s has the tokens {@code [s] .. [s + 1] - 1}
 */
public record TokenBatch(int[] tokenIds, int[] cumulativeLengths) {
    /** Returns a batch of the texts with these token ids. */
    public static TokenBatch of(List<int[]> texts) {
        int[] cumulativeLengths = new int[texts.size() + 1];
        for (int s = 0; s < texts.size(); s++) {
            cumulativeLengths[s + 1] = Math.addExact(cumulativeLengths[s], texts.get(s).length);
        }
        int[] tokenIds = new int[cumulativeLengths[texts.size()]];
        for (int s = 0; s < texts.size(); s++) {
            System.arraycopy(texts.get(s), 0, tokenIds, cumulativeLengths[s], texts.get(s).length);
        }
        return new TokenBatch(tokenIds, cumulativeLengths);
    }

    /** Returns T, the number of tokens. */
    public int tokenCount() {
        return tokenIds.length;
    }

    /** Returns S, the number of texts. */
    public int textCount() {
        return cumulativeLengths.length - 1;
    }

    /** Returns each token's row in the position table; a text's first token has {@code firstPosition}. */
    int[] positionIds(int firstPosition) {
        int[] positionIds = new int[tokenIds.length];
        for (int s = 0; s < textCount(); s++) {
            for (int t = cumulativeLengths[s]; t < cumulativeLengths[s + 1]; t++) {
                positionIds[t] = firstPosition + t - cumulativeLengths[s];
            }
        }
        return positionIds;
    }
}
