package dev.bgem3.bench;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.util.Random;

/** Creates reproducible random operands, and tensors that contain them. */
final class Operands {
    private Operands() {}

    /** Returns numbers drawn from N(0, deviation²). */
    static float[] gaussian(Random random, int length, double deviation) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) (random.nextGaussian() * deviation);
        }
        return values;
    }

    /** Returns a tensor that contains {@code values}, in row-major order. */
    static Tensor tensor(Kernels kernels, Workspace workspace, int columns, float[] values) {
        Tensor tensor = workspace.tensor(values.length / columns, columns);
        kernels.write(tensor, values);
        return tensor;
    }

    /** Returns the contents of a tensor, in row-major order. */
    static float[] read(Kernels kernels, Tensor tensor) {
        float[] values = new float[tensor.rows() * tensor.columns()];
        kernels.read(values, 0, tensor, 0, tensor.rows());
        return values;
    }

    /** Returns the rows with the given numbers. */
    static float[] rows(float[] values, int columns, int... rows) {
        float[] chosen = new float[rows.length * columns];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(values, rows[i] * columns, chosen, i * columns, columns);
        }
        return chosen;
    }

    /** Returns at most {@code most} row numbers spread evenly over 0 .. count − 1, both ends included. */
    static int[] spread(int count, int most) {
        int[] rows = new int[Math.min(count, most)];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = rows.length == 1 ? 0 : (int) ((long) i * (count - 1) / (rows.length - 1));
        }
        return rows;
    }
}
