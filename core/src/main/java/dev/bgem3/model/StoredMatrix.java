package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.weights.StoredTensor;

/**
 * A tensor of a model file as the kernels read it; reading a row that contains NaN or an infinity throws an
 * exception that names the tensor.
 */
record StoredMatrix(StoredTensor tensor, int rows, int columns) implements MatrixSource {
    private static final int MAGNITUDE = 0x7fffffff;
    private static final int INFINITY = 0x7f800000;

    @Override
    public void readRow(int row, float[] destination, int offset) {
        tensor.readRow(row, destination, offset);
        checkFinite(tensor, row, destination, offset, columns);
    }

    /** Throws if one of the values is not finite. */
    static void checkFinite(StoredTensor tensor, int row, float[] values, int offset, int length) {
        int largest = 0;
        // Compares once at the end, so that C2 can vectorise this loop.
        for (int i = offset; i < offset + length; i++) {
            largest = Math.max(largest, Float.floatToRawIntBits(values[i]) & MAGNITUDE);
        }
        if (largest >= INFINITY) {
            int at = offset;
            while (Float.isFinite(values[at])) {
                at++;
            }
            throw new ModelException(
                    tensor.file() + ": tensor \"" + tensor.name() + "\": " + values[at] + " at row "
                            + row + ", column " + (at - offset) + " (expected: finite numbers)");
        }
    }
}
