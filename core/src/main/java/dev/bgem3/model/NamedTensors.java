package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.kernel.Int8Policy;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.text.Messages;
import dev.bgem3.weights.StoredTensor;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Tensors by the names that a {@link TensorTable} gives them, whatever they are called in the file, each held
 * against its expected shape.
 */
final class NamedTensors {
    private final Path file;
    private final Map<String, StoredTensor> tensors;
    private final UnaryOperator<String> nameInFile;

    private NamedTensors(Path file, Map<String, StoredTensor> tensors, UnaryOperator<String> nameInFile) {
        this.file = file;
        this.tensors = tensors;
        this.nameInFile = nameInFile;
    }

    /** The tensors of an encoder's file; its prefix is that of the word embeddings. */
    static NamedTensors ofEncoder(Path file, Map<String, StoredTensor> tensors, ModelFamily family,
            TensorTable table) {
        String landmark = table.row(TensorRole.WORD_EMBEDDINGS).weight(0);
        List<String> prefixes = family.prefixes();
        String prefix = prefixes.stream().filter(one -> tensors.containsKey(one + landmark)).findFirst()
                .orElseThrow(() -> new ModelException(file + ": tensor \"" + landmark
                        + "\": missing (expected: it, alone or after one of the prefixes "
                        + String.join(" and ", prefixes.stream().filter(one -> !one.isEmpty()).toList())
                        + ")"));
        return new NamedTensors(file, tensors, name -> prefix + name);
    }

    /** The tensors of a file under their names there. */
    static NamedTensors of(Path file, Map<String, StoredTensor> tensors) {
        return new NamedTensors(file, tensors, UnaryOperator.identity());
    }

    /** The tensors of a file of one linear layer, which are called by the last part of their names alone. */
    static NamedTensors ofLayerFile(Path file, Map<String, StoredTensor> tensors) {
        return new NamedTensors(file, tensors, name -> name.substring(name.lastIndexOf('.') + 1));
    }

    /**
     * Refuses layers beyond the last: the vectors of a model that stops before its end mean nothing.
     *
     * @param layerPrefix
     *            what stands before a layer's number in the names of its tensors
     * @throws ModelException
     *             if there is a tensor of a layer at or above {@code layerCount}
     */
    void requireNoLayerFrom(int layerCount, String layerPrefix) {
        String start = nameInFile.apply(layerPrefix);
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
        return Optional.ofNullable(tensors.get(nameInFile.apply(name)));
    }

    /** The tensor of that name, whatever its shape; {@code expected} is what a message says of it. */
    StoredTensor require(String name, String expected) {
        return find(name).orElseThrow(() -> missing(name, expected));
    }

    private ModelException missing(String name, String expected) {
        return new ModelException(
                file + ": tensor \"" + nameInFile.apply(name) + "\": missing (expected: " + expected + ")");
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

    /** Whether there is a tensor of a row. */
    boolean hasAnyOf(TensorTable.Row row) {
        return row.tensors().stream().anyMatch(tensor -> find(tensor.name()).isPresent());
    }

    /** Adds the tensors of a table by the names that they have there. */
    void addTo(Map<String, StoredTensor> all, TensorTable table) {
        table.tensors().forEach(tensor -> all.put(tensor.name(), require(tensor.name(), tensor.shape())));
    }

    /** The linear layer of a row. */
    LinearWeights linear(TensorTable.Row row) {
        int parts = row.parts().size();
        MatrixSource[] weights = new MatrixSource[parts];
        float[] bias = new float[parts * row.rows()];
        for (int i = 0; i < parts; i++) {
            weights[i] = matrix(row.weight(i), row.rows(), row.columns());
            System.arraycopy(vector(row.bias(i), row.rows()), 0, bias, i * row.rows(), row.rows());
        }
        TensorRole.Part part = row.role().part();
        boolean precise = part == TensorRole.Part.HEAD
                || Int8Policy.isPrecise(row.layer(), part == TensorRole.Part.ATTENTION, row.columns());
        return new LinearWeights(parts == 1 ? weights[0] : MatrixSource.stacked(weights), bias, precise);
    }
}
