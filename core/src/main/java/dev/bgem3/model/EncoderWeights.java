package dev.bgem3.model;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** An encoder's weights by role and layer, from a model's files and checked against its tensor table. */
public final class EncoderWeights {
    /** Adds a linear layer's packed form, if there is one, to what the kernels can choose from. */
    @FunctionalInterface
    interface PackedOffer {
        LinearWeights offer(String name, LinearWeights layer);
    }

    private final TensorTable table;
    private final NamedTensors tensors;
    private final SequencedMap<String, LinearWeights> linearLayers = new LinkedHashMap<>();

    /** Looks up all linear layers first, so that a missing one is reported before any is laid out. */
    EncoderWeights(TensorTable table, NamedTensors tensors, PackedOffer packed) {
        this.table = table;
        this.tensors = tensors;
        for (TensorTable.Row row : table.rows()) {
            if (row.kind() == TensorTable.Kind.LINEAR) {
                linearLayers.put(row.name(), packed.offer(row.name(), tensors.linear(row)));
            }
        }
    }

    /** Returns the linear layers by name, in the order of the table. */
    SequencedMap<String, LinearWeights> linearLayers() {
        return new LinkedHashMap<>(linearLayers);
    }

    /** Returns a matrix of which single rows are read. */
    MatrixSource table(TensorRole role) {
        TensorTable.Row row = table.row(role);
        return tensors.matrix(row.weight(0), row.rows(), row.columns());
    }

    /** Returns a layer norm that belongs to no layer. */
    Kernels.Norm norm(Kernels kernels, TensorRole role, float epsilon) {
        return norm(kernels, table.row(role), epsilon);
    }

    /** Returns a layer norm of a layer. */
    Kernels.Norm norm(Kernels kernels, TensorRole role, int layer, float epsilon) {
        return norm(kernels, table.row(role, layer), epsilon);
    }

    private Kernels.Norm norm(Kernels kernels, TensorTable.Row row, float epsilon) {
        return kernels.norm(tensors.vector(row.weight(0), row.rows()),
                tensors.vector(row.bias(0), row.rows()), epsilon);
    }

    /** Returns a linear layer of an encoder layer in the kernels' layout. */
    Kernels.Linear linear(Kernels kernels, TensorRole role, int layer) {
        return linearLayers.get(table.row(role, layer).name()).layOut(kernels);
    }
}
