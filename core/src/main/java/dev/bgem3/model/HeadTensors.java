package dev.bgem3.model;

import dev.bgem3.safetensors.SafetensorsReader;
import dev.bgem3.torch.TorchReader;
import dev.bgem3.weights.TensorFile;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The names and tensors of the heads that BGE-M3 adds to its encoder. Each head is either a separate file
 * with the tensors {@code weight} and {@code bias}, or in the encoder's file under its name.
 */
public final class HeadTensors {
    private static final String SPARSE = "sparse_linear";
    private static final String COLBERT = "colbert_linear";
    private static final String TORCH = ".pt";
    private static final String SAFETENSORS = ".safetensors";
    /** The names that the file of the head of lexical weights may have, in order of preference. */
    public static final List<String> SPARSE_FILES = List.of(SPARSE + TORCH, SPARSE + SAFETENSORS);
    /** The names that the file of the head of ColBERT vectors may have, in order of preference. */
    public static final List<String> COLBERT_FILES = List.of(COLBERT + TORCH, COLBERT + SAFETENSORS);
    /** The names of the files of the heads. */
    public static final List<String> FILE_NAMES = Stream.of(COLBERT_FILES, SPARSE_FILES)
            .flatMap(List::stream).toList();

    private HeadTensors() {}

    /** Opens a file of a head by the format that its name tells. */
    static TensorFile open(Path file) {
        return file.toString().endsWith(SAFETENSORS) ? SafetensorsReader.open(file) : TorchReader.open(file);
    }

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
