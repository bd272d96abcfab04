package dev.bgem3.head;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.util.List;

/**
 * Pools the token vectors of each text into one, maps it through the layers if there are any, truncates it
 * and divides it by its norm. Immutable.
 */
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

    /**
     * A layer that maps pooled vectors.
     *
     * @param linear
     *            [output size, input size]
     * @param tanh
     *            whether the hyperbolic tangent of its output is taken
     */
    public record Layer(Kernels.Linear linear, boolean tanh) {}

    private final Kernels kernels;
    private final List<Layer> layers;

    /**
     * Creates the head.
     *
     * @param layers
     *            the layers between pooling and truncation, in their order; BGE-M3 has none
     */
    public DenseHead(Kernels kernels, List<Layer> layers) {
        this.kernels = kernels;
        this.layers = List.copyOf(layers);
    }

    /** Returns the number of tensor elements per text that {@link #vectors} needs. */
    public long numbersPerText() {
        return layers.stream().mapToLong(layer -> layer.linear.outputSize()).sum();
    }

    /**
     * Returns one vector for each text.
     *
     * @param hidden
     *            [T, C]
     * @param cumulativeLengths
     *            [S + 1]
     * @param dimension
     *            the number of leading elements to keep, at most the size of a vector
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
        for (Layer layer : layers) {
            Tensor mapped = workspace.tensor(texts, layer.linear.outputSize());
            kernels.linear(mapped, pooled, layer.linear);
            if (layer.tanh) {
                Activations.tanh(kernels, mapped);
            }
            pooled = mapped;
        }
        if (normalize) {
            kernels.normalizeRows(pooled, dimension);
        }
        float[] row = new float[pooled.columns()];
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
