package dev.bgem3.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The tensors of a model or of a part of it: their names (without the prefix that a file may put before all
 * of them), shapes and roles. All code that reads, converts or generates a model uses it.
 */
public final class TensorTable {
    /** The layer of a row that does not belong to one. */
    static final int NO_LAYER = -1;

    /** What the tensors of a row form together. */
    enum Kind {
        /** A matrix of which single rows are read: {@code weight}, [rows, columns]. */
        TABLE,
        /** A layer norm: {@code weight} and {@code bias}, [rows] both. */
        NORM,
        /** A linear layer: for each part {@code weight}, [rows, columns], and {@code bias}, [rows]. */
        LINEAR
    }

    /**
     * Tensors that the encoder or a head uses as one.
     *
     * @param layer
     *            the number of the encoder's layer, or {@link #NO_LAYER}
     * @param name
     *            the name of the whole, also in a packed file
     * @param parts
     *            the beginnings of its tensors' names; the parts of a linear layer are stacked
     * @param rows
     *            the rows of one part
     */
    record Row(TensorRole role, Kind kind, int layer, String name, List<String> parts, int rows,
            int columns) {
        /** Returns the name of the weight of a part. */
        String weight(int part) {
            return parts.get(part) + ".weight";
        }

        /** Returns the name of the bias of a part. */
        String bias(int part) {
            return parts.get(part) + ".bias";
        }

        List<TensorSpec> tensors() {
            List<TensorSpec> tensors = new ArrayList<>();
            for (int i = 0; i < parts.size(); i++) {
                tensors.add(kind == Kind.NORM
                        ? new TensorSpec(weight(i), this, false, rows)
                        : new TensorSpec(weight(i), this, false, rows, columns));
                if (kind != Kind.TABLE) {
                    tensors.add(new TensorSpec(bias(i), this, true, rows));
                }
            }
            return tensors;
        }
    }

    /** The name, role and shape of one tensor. */
    public static final class TensorSpec {
        private final String name;
        private final Row row;
        private final boolean bias;
        private final long[] shape;

        private TensorSpec(String name, Row row, boolean bias, long... shape) {
            this.name = name;
            this.row = row;
            this.bias = bias;
            this.shape = shape;
        }

        /** Returns the name without the prefix that a file may have. */
        public String name() {
            return name;
        }

        /** Returns the tensor's role. */
        public TensorRole role() {
            return row.role;
        }

        /** Returns a copy of the sizes, rows first. */
        public long[] shape() {
            return shape.clone();
        }

        /** Returns whether the tensor belongs to a layer norm. */
        public boolean ofNorm() {
            return row.kind == Kind.NORM;
        }

        /** Returns whether the tensor is a bias; otherwise it is a factor or a table. */
        public boolean bias() {
            return bias;
        }

        long elementCount() {
            return Arrays.stream(shape).reduce(1, Math::multiplyExact);
        }
    }

    private final String layerPrefix;
    private final List<Row> rows;

    private TensorTable(String layerPrefix, List<Row> rows) {
        this.layerPrefix = layerPrefix;
        this.rows = List.copyOf(rows);
    }

    /** Returns the prefix before a layer's number in the names of its tensors. */
    String layerPrefix() {
        return layerPrefix;
    }

    /** Returns the rows in the order of the model's parts, which is also their order in a converted file. */
    List<Row> rows() {
        return rows;
    }

    /** Returns all tensors in the order of the model's parts. */
    public Stream<TensorSpec> tensors() {
        return rows.stream().flatMap(row -> row.tensors().stream());
    }

    /** Returns the weights of linear layers. */
    Stream<TensorSpec> linearWeights() {
        return tensors().filter(tensor -> tensor.row.kind == Kind.LINEAR && !tensor.bias);
    }

    /** Returns the row of a role that belongs to no layer. */
    Row row(TensorRole role) {
        return row(role, NO_LAYER);
    }

    /** Returns the row of a role in a layer. */
    Row row(TensorRole role, int layer) {
        for (Row row : rows) {
            if (row.role == role && row.layer == layer) {
                return row;
            }
        }
        throw new IllegalArgumentException(role + " of layer " + layer + ": not in the table");
    }

    /** Returns a table without the rows of a part. */
    TensorTable without(TensorRole.Part part) {
        return new TensorTable(layerPrefix, rows.stream().filter(row -> row.role.part() != part).toList());
    }

    /** Returns the number of elements of all tensors. */
    long elementCount() {
        return tensors().mapToLong(TensorSpec::elementCount).sum();
    }

    /** Collects rows in the order of the model's parts. */
    static final class Builder {
        private final String layerPrefix;
        private final List<Row> rows = new ArrayList<>();
        private int layer = NO_LAYER;
        private String prefix = "";

        /** Starts a table without layers. */
        Builder() {
            this("");
        }

        /** Starts a table whose layers' names begin with {@code layerPrefix}, the number and a dot. */
        Builder(String layerPrefix) {
            this.layerPrefix = layerPrefix;
        }

        /** Starts a layer: the following rows belong to it and have its prefix before their names. */
        Builder layer(int number) {
            layer = number;
            prefix = layerPrefix + number + ".";
            return this;
        }

        Builder table(TensorRole role, String name, int tableRows, int columns) {
            return add(role, Kind.TABLE, name, List.of(name), tableRows, columns);
        }

        Builder norm(TensorRole role, String name, int size) {
            return add(role, Kind.NORM, name, List.of(name), size, 1);
        }

        Builder linear(TensorRole role, String name, int outputSize, int inputSize) {
            return add(role, Kind.LINEAR, name, List.of(name), outputSize, inputSize);
        }

        /** Adds a linear layer that is a stack of several, each of this size. */
        Builder stacked(TensorRole role, String name, List<String> parts, int outputSize, int inputSize) {
            return add(role, Kind.LINEAR, name, parts.stream().map(part -> name + "." + part).toList(),
                    outputSize, inputSize);
        }

        private Builder add(TensorRole role, Kind kind, String name, List<String> parts, int rowCount,
                int columns) {
            rows.add(new Row(role, kind, layer, prefix + name,
                    parts.stream().map(part -> prefix + part).toList(), rowCount, columns));
            return this;
        }

        TensorTable build() {
            return new TensorTable(layerPrefix, rows);
        }
    }
}
