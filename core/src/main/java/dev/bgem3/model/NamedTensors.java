package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.kernel.Int8Policy;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.text.Messages;
import dev.bgem3.weights.StoredTensor;
import dev.bgem3.weights.TensorRows;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Finds tensors by their names in a {@link TensorTable}, whatever their names in the file, and checks each
 * against its expected shape.
 */
final class NamedTensors {
    private final Path file;
    private final Map<String, StoredTensor> tensors;
    private final UnaryOperator<String> nameInFile;
    private final String prefix;
    private final Optional<LoraAdapter> adapter;

    private NamedTensors(Path file, Map<String, StoredTensor> tensors, String prefix,
            Optional<LoraAdapter> adapter) {
        this(file, tensors, prefix::concat, prefix, adapter);
    }

    private NamedTensors(Path file, Map<String, StoredTensor> tensors, UnaryOperator<String> nameInFile,
            String prefix, Optional<LoraAdapter> adapter) {
        this.file = file;
        this.tensors = tensors;
        this.nameInFile = nameInFile;
        this.prefix = prefix;
        this.adapter = adapter;
    }

    /**
     * Returns the tensors of an encoder's file. The name of the word embeddings gives the prefix, which the
     * encoder's other tensors must have too.
     *
     * @throws ModelException
     *             if there are no word embeddings, or those of several encoders
     */
    static NamedTensors ofEncoder(Path file, Map<String, StoredTensor> tensors, ModelFamily family,
            TensorTable table) {
        String landmark = table.row(TensorRole.WORD_EMBEDDINGS).weight(0);
        List<String> found = tensors.keySet().stream()
                .filter(name -> name.equals(landmark) || name.endsWith("." + landmark))
                .map(name -> name.substring(0, name.length() - landmark.length())).sorted().toList();
        Optional<String> known = family.prefixes().stream().filter(found::contains).findFirst();
        if (known.isEmpty() && found.size() != 1) {
            throw new ModelException(file + ": tensor \"" + landmark + "\": " + (found.isEmpty()
                    ? "missing (expected: it, alone or after a prefix such as "
                    : "after the prefixes " + Messages.printable(found.toString())
                            + ", which are several encoders (expected: one, or one of the prefixes ")
                    + String.join(" or ", family.prefixes().stream().filter(one -> !one.isEmpty()).toList())
                    + ")");
        }
        return new NamedTensors(file, tensors, known.orElseGet(found::getFirst), Optional.empty());
    }

    /** Returns the same tensors, with an adapter merged with those that it has factors for. */
    NamedTensors with(LoraAdapter merged) {
        return new NamedTensors(file, tensors, nameInFile, prefix, Optional.of(merged));
    }

    /**
     * Returns the tensors of a table beside the encoder in its file: they have the encoder's prefix, or only
     * its beginning, as in {@code module.colbert_linear} beside {@code module.roberta.encoder}.
     */
    NamedTensors beside(TensorTable table) {
        String outer = prefix;
        while (true) {
            NamedTensors named = new NamedTensors(file, tensors, outer, adapter);
            if (outer.isEmpty() || table.rows().stream().anyMatch(named::hasAnyOf)) {
                return named;
            }
            outer = outer.substring(0, outer.lastIndexOf('.', outer.length() - 2) + 1);
        }
    }

    /**
     * Returns the tensors of a file with one linear layer, under their names or only the last part of them.
     */
    static NamedTensors ofLayerFile(Path file, Map<String, StoredTensor> tensors) {
        return new NamedTensors(file, tensors,
                name -> tensors.containsKey(name) ? name : name.substring(name.lastIndexOf('.') + 1), "",
                Optional.empty());
    }

    /**
     * Throws if the file has more layers than the configuration, because the vectors of a truncated model are
     * meaningless.
     *
     * @param layerPrefix
     *            the prefix before the layer's number in the names of its tensors
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

    /** Returns whether {@code rest} begins with a number of at least {@code layerCount} and a dot. */
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

    /** Returns the tensor with this name, of any shape; {@code expected} is for the error message. */
    StoredTensor require(String name, String expected) {
        return find(name).orElseThrow(() -> missing(name, expected));
    }

    private ModelException missing(String name, String expected) {
        return new ModelException(
                file + ": tensor \"" + nameInFile.apply(name) + "\": missing (expected: " + expected + ")");
    }

    /** Returns the tensor with this name and shape. */
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
        StoredMatrix stored = new StoredMatrix(require(name, rows, columns), rows, columns);
        return adapter.isPresent() ? adapter.get().merged(name, stored) : stored;
    }

    float[] vector(String name, int size) {
        StoredTensor tensor = require(name, size);
        float[] values = tensor.toFloats();
        StoredMatrix.checkFinite(tensor, 0, values, 0, size);
        return values;
    }

    /** Returns whether any tensor of a row exists. */
    boolean hasAnyOf(TensorTable.Row row) {
        return row.tensors().stream().anyMatch(tensor -> find(tensor.name()).isPresent());
    }

    /** Adds the tensors of a table, as they are stored, under their names in the table. */
    void addStored(Map<String, StoredTensor> all, TensorTable table) {
        table.tensors().forEach(tensor -> all.put(tensor.name(), require(tensor.name(), tensor.shape())));
    }

    /** Adds the tensors of a table, merged with the adapter if there is one, under their names there. */
    void addTo(Map<String, TensorRows> all, TensorTable table) {
        for (TensorTable.TensorSpec tensor : table.tensors().toList()) {
            long[] shape = tensor.shape();
            StoredTensor stored = require(tensor.name(), shape);
            all.put(tensor.name(), shape.length == 2
                    && matrix(tensor.name(), (int) shape[0], (int) shape[1]) instanceof MergedMatrix merged
                            ? merged
                            : stored);
        }
    }

    /** Returns the linear layer of a row. */
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
