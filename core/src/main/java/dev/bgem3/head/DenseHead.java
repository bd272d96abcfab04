package dev.bgem3.head;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;

/** Pools each text's token vectors into one, cuts it, and divides it by its length. Immutable. */
public final class DenseHead {
    /** How a text's token vectors become one. */
    public enum Pooling {
        /** The first token's vector. */
        CLS,
        /** The mean over all tokens. */
        MEAN,
        /** The last token's vector. */
        LAST_TOKEN
    }

    private final Kernels kernels;

    /** The head has no weights. */
    public DenseHead(Kernels kernels) {
        this.kernels = kernels;
    }

    /**
     * One vector for each text.
     *
     * @param hidden
     *            [T, C]
     * @param cumulativeLengths
     *            [S + 1]
     * @param dimension
     *            how many leading numbers to keep, at most C
     * @param normalize
     *            whether to divide what is kept by {@code max(‖·‖₂, 1e-12)}
     * @return S arrays of {@code dimension} numbers
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
