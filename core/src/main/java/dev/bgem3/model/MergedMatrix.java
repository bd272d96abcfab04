package dev.bgem3.model;

import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.weights.TensorRows;

/** A weight to which the product of an adapter is added as its rows are read. Thread-safe. */
final class MergedMatrix implements MatrixSource, TensorRows {
    private final StoredMatrix weight;
    private final LoraAdapter.Product product;
    private final int rank;
    /** [rank, K]; read with the first row. */
    private volatile float[] a;

    MergedMatrix(StoredMatrix weight, LoraAdapter.Product product) {
        this.weight = weight;
        this.product = product;
        rank = (int) product.a().shape()[0];
    }

    @Override
    public int rows() {
        return weight.rows();
    }

    @Override
    public int columns() {
        return weight.columns();
    }

    @Override
    public void readRow(int row, float[] destination, int offset) {
        weight.readRow(row, destination, offset);
        float[] factors = a();
        float[] coefficients = new float[rank];
        product.b().readRow(row, coefficients, 0);
        StoredMatrix.checkFinite(product.b(), row, coefficients, 0, rank);
        int columns = columns();
        float[] sum = new float[columns];
        for (int j = 0; j < rank; j++) {
            float coefficient = coefficients[j];
            int from = j * columns;
            for (int k = 0; k < columns; k++) {
                sum[k] += coefficient * factors[from + k];
            }
        }
        for (int k = 0; k < columns; k++) {
            destination[offset + k] += product.scale() * sum[k];
        }
        StoredMatrix.checkFinite(weight.tensor(), row, destination, offset, columns);
    }

    /** Two threads may both read it, with the same result. */
    private float[] a() {
        float[] values = a;
        if (values == null) {
            values = product.a().toFloats();
            StoredMatrix.checkFinite(product.a(), 0, values, 0, values.length);
            a = values;
        }
        return values;
    }

    @Override
    public long[] shape() {
        return weight.tensor().shape();
    }

    @Override
    public long elementCount() {
        return weight.tensor().elementCount();
    }

    @Override
    public void readRow(long row, float[] destination, int offset) {
        readRow(Math.toIntExact(row), destination, offset);
    }

    @Override
    public float[] toFloats() {
        float[] values = new float[Math.multiplyExact(rows(), columns())];
        for (int i = 0; i < rows(); i++) {
            readRow(i, values, i * columns());
        }
        return values;
    }

    @Override
    public String describe() {
        return weight.tensor().describe() + " with its adapter";
    }
}
