package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.text.Messages;
import dev.bgem3.weights.StoredTensor;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Tensors by their XLM-RoBERTa names, whatever prefix the file gives them, each held against its expected
 * shape.
 */
final class NamedTensors {
    private static final List<String> PREFIXES = List.of("", "roberta.", "model.");
    private static final String LANDMARK = "embeddings.word_embeddings.weight";

    private final Path file;
    private final Map<String, StoredTensor> tensors;
    private final String prefix;

    private NamedTensors(Path file, Map<String, StoredTensor> tensors, String prefix) {
        this.file = file;
        this.tensors = tensors;
        this.prefix = prefix;
    }

    /** The tensors of an encoder's file; its prefix is that of the word embeddings. */
    static NamedTensors ofEncoder(Path file, Map<String, StoredTensor> tensors) {
        String prefix = PREFIXES.stream().filter(one -> tensors.containsKey(one + LANDMARK)).findFirst()
                .orElseThrow(() -> new ModelException(file + ": tensor \"" + LANDMARK
                        + "\": missing (expected: it, alone or after one of the prefixes roberta. and"
                        + " model.)"));
        return new NamedTensors(file, tensors, prefix);
    }

    /** The tensors of a file whose names begin with {@code prefix}, which callers leave out. */
    static NamedTensors prefixed(Path file, Map<String, StoredTensor> tensors, String prefix) {
        return new NamedTensors(file, tensors, prefix);
    }

    /**
     * Refuses layers beyond the last: the vectors of a model that stops before its end mean nothing.
     *
     * @throws ModelException
     *             where there is a tensor {@code encoder.layer.N.*} with N at or above {@code layerCount}
     */
    void requireNoLayerFrom(int layerCount) {
        String start = prefix + "encoder.layer.";
        for (String name : tensors.keySet()) {
            if (name.startsWith(start) && isLayerFrom(layerCount, name.substring(start.length()))) {
                throw new ModelException(file + ": tensor \"" + Messages.printable(name)
                        + "\" (expected: no layer above " + (layerCount - 1) + ", since "
                        + ModelConfig.FILE_NAME + " has num_hidden_layers: " + layerCount + ")");
            }
        }
    }

    /** Whether {@code rest} is a number of at least {@code layerCount} and a dot and more. */
    private static boolean isLayerFrom(int layerCount, String rest) {
        int dot = rest.indexOf('.');
        for (int i = 0; i < dot; i++) {
            if (rest.charAt(i) < '0' || rest.charAt(i) > '9') {
                return false;
            }
        }
        return dot > 0
                && new BigInteger(rest.substring(0, dot)).compareTo(BigInteger.valueOf(layerCount)) >= 0;
    }

    Optional<StoredTensor> find(String name) {
        return Optional.ofNullable(tensors.get(prefix + name));
    }

    /** The tensor of that name, whatever its shape; {@code expected} is what a message says of it. */
    StoredTensor require(String name, String expected) {
        return find(name).orElseThrow(() -> missing(name, expected));
    }

    private ModelException missing(String name, String expected) {
        return new ModelException(
                file + ": tensor \"" + prefix + name + "\": missing (expected: " + expected + ")");
    }

    /** The tensor of that name and shape. */
    StoredTensor require(String name, long... shape) {
        StoredTensor tensor = find(name).orElseThrow(() -> missing(name, Arrays.toString(shape)));
        if (!Arrays.equals(tensor.shape(), shape)) {
            throw new ModelException(tensor.file() + ": tensor \"" + tensor.name() + "\": shape "
                    + Arrays.toString(tensor.shape()) + " (expected: " + Arrays.toString(shape) + ")");
        }
        if (!tensor.dtype().readableAsFloat()) {
            throw new ModelException(tensor.describe() + " (expected: F32, F16, BF16 or F64)");
        }
        return tensor;
    }

    MatrixSource matrix(String name, int rows, int columns) {
        return new StoredMatrix(require(name, rows, columns), rows, columns);
    }

    float[] vector(String name, int size) {
        StoredTensor tensor = require(name, size);
        float[] values = tensor.toFloats();
        StoredMatrix.checkFinite(tensor, 0, values, 0, size);
        return values;
    }
}
