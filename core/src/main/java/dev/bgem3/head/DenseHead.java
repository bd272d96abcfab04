package dev.bgem3.head;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;

/** Pools the token vectors of each text into one, truncates it and divides it by its norm. Immutable. */
public final class DenseHead {
    /** How the token vectors of a text become one. */
    public enum Pooling {
        /** The first token's vector. */
        CLS,
        /** The mean over all tokens. */
        MEAN,
        /** The last token's vector. */
        LAST_TOKEN
    }

    private final Kernels kernels;

    /** Creates the head, which has no weights. */
    public DenseHead(Kernels kernels) {
        this.kernels = kernels;
    }

    /**
     * Returns one vector for each text.
     *
     * @param hidden
     *            [T, C]
     * @param cumulativeLengths
     *            [S + 1]
     * @param dimension
     *            the number of leading elements to keep, at most C
     * @param normalize
     *            whether to divide the truncated vector by {@code max(‖·‖₂, 1e-12)}
     * @return S arrays of {@code dimension} elements
     */
    public float[][] vectors(Workspace workspace, Tensor hidden, int[] cumulativeLengths, Pooling pooling,
            int dimension, boolean normalize) {
        int texts = cumulativeLengths.length - 1;
        Tensor pooled = workspace.tensor(texts, hidden.columns());
        switch (pooling) {
            case CLS -> kernels.gatherRows(pooled, hidden, ends(cumulativeLengths, 0, 0));
            case LAST_TOKEN -> kernels.gatherRows(pooled, hidden, ends(cumulativeLengths, 1, -1));
            case MEAN -> kernels.meanRows(pooled, hidden, cumulativeLengths);
        }
        if (normalize) {
            kernels.normalizeRows(pooled, dimension);
        }
        float[] row = new float[hidden.columns()];
        float[][] vectors = new float[texts][dimension];
        for (int s = 0; s < texts; s++) {
            kernels.read(row, 0, pooled, s, 1);
            System.arraycopy(row, 0, vectors[s], 0, dimension);
        }
        return vectors;
    }

    private static int[] ends(int[] cumulativeLengths, int from, int shift) {
        int[] rows = new int[cumulativeLengths.length - 1];
        for (int s = 0; s < rows.length; s++) {
            rows[s] = cumulativeLengths[s + from] + shift;
        }
        return rows;
    }
}
