package dev.bgem3.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The tensors of a model, or of a part of one: their names, without the prefix that a file may put before all
 * of them, their shapes, and what each is for. Whatever reads, converts or makes up a model goes by it.
 */
public final class TensorTable {
    /** The layer of a row that belongs to none. */
    static final int NO_LAYER = -1;

    /** What a row's tensors make up. */
    enum Kind {
        /** A matrix of which single rows are read: {@code weight}, [rows, columns]. */
        TABLE,
        /** A layer norm: {@code weight} and {@code bias}, [rows] both. */
        NORM,
        /** A linear layer: for each part {@code weight}, [rows, columns], and {@code bias}, [rows]. */
        LINEAR
    }

    /**
     * Tensors that the encoder or a head takes as one.
     *
     * @param layer
     *            the number of the encoder's layer, or {@link #NO_LAYER}
     * @param name
     *            what it is called in whole, in a packed file too
     * @param parts
     *            what the names of its tensors begin with; the parts of a linear layer are stacked
     * @param rows
     *            of a part
     */
    record Row(TensorRole role, Kind kind, int layer, String name, List<String> parts, int rows,
            int columns) {
        /** The name of the weight of a part. */
        String weight(int part) {
            return parts.get(part) + ".weight";
        }

        /** The name of the bias of a part. */
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

    /** One tensor. */
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

        /** Without the prefix that a file may have. */
        public String name() {
            return name;
        }

        /** What it is for. */
        public TensorRole role() {
            return row.role;
        }

        /** Its sizes, rows first; a copy. */
        public long[] shape() {
            return shape.clone();
        }

        /** Whether it belongs to a layer norm. */
        public boolean ofNorm() {
            return row.kind == Kind.NORM;
        }

        /** Whether it is added, else something is multiplied by it or it is a table. */
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

    /** What stands before the number of a layer in the names of its tensors. */
    String layerPrefix() {
        return layerPrefix;
    }

    /** In the order of the model's parts, in which a converted file has them. */
    List<Row> rows() {
        return rows;
    }

    /** All tensors, in the order of the model's parts. */
    public Stream<TensorSpec> tensors() {
        return rows.stream().flatMap(row -> row.tensors().stream());
    }

    /** The row of a role that belongs to no layer. */
    Row row(TensorRole role) {
        return row(role, NO_LAYER);
    }

    /** The row of a role in a layer. */
    Row row(TensorRole role, int layer) {
        for (Row row : rows) {
            if (row.role == role && row.layer == layer) {
                return row;
            }
        }
        throw new IllegalArgumentException(role + " of layer " + layer + ": not in the table");
    }

    /** The rows that belong to no such part. */
    TensorTable without(TensorRole.Part part) {
        return new TensorTable(layerPrefix, rows.stream().filter(row -> row.role.part() != part).toList());
    }

    /** The numbers of all tensors. */
    long elementCount() {
        return tensors().mapToLong(TensorSpec::elementCount).sum();
    }

    /** Takes rows in the order of the model's parts. */
    static final class Builder {
        private final String layerPrefix;
        private final List<Row> rows = new ArrayList<>();
        private int layer = NO_LAYER;
        private String prefix = "";

        /** A table without layers. */
        Builder() {
            this("");
        }

        /** A table whose layers' names begin with {@code layerPrefix}, the layer's number, and a dot. */
        Builder(String layerPrefix) {
            this.layerPrefix = layerPrefix;
        }

        /** The rows that follow belong to this layer, whose prefix goes before their names. */
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

        /** A linear layer of several stacked, each of this size. */
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
