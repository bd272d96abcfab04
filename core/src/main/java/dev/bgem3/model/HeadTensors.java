package dev.bgem3.model;

import java.util.List;

/**
 * The names and tensors of the heads that BGE-M3 adds to its encoder. Each head is either a separate file
 * with the tensors {@code weight} and {@code bias}, or in the encoder's file under its name.
 */
public final class HeadTensors {
    private static final String SPARSE = "sparse_linear";
    private static final String COLBERT = "colbert_linear";
    /** The file of the head of lexical weights. */
    public static final String SPARSE_FILE = SPARSE + ".pt";
    /** The file of the head of ColBERT vectors. */
    public static final String COLBERT_FILE = COLBERT + ".pt";
    /** The files of the heads. */
    public static final List<String> FILE_NAMES = List.of(COLBERT_FILE, SPARSE_FILE);

    private HeadTensors() {}

    /** Returns the head of lexical weights for hidden states of this size. */
    public static TensorTable sparse(int hiddenSize) {
        return new TensorTable.Builder().linear(TensorRole.SPARSE_HEAD, SPARSE, 1, hiddenSize).build();
    }

    /** Returns the head of ColBERT vectors with a dimension, for hidden states of this size. */
    public static TensorTable colbert(int dimension, int hiddenSize) {
        return new TensorTable.Builder().linear(TensorRole.COLBERT_HEAD, COLBERT, dimension, hiddenSize)
                .build();
    }
}
