package dev.bgem3.bench;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.util.Random;

/** Repeatable random operands, and tensors made of them. */
final class Operands {
    private Operands() {}

    /** Numbers from N(0, deviation²). */
    static float[] gaussian(Random random, int length, double deviation) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) (random.nextGaussian() * deviation);
        }
        return values;
    }

    /** A tensor that holds {@code values}, row-major. */
    static Tensor tensor(Kernels kernels, Workspace workspace, int columns, float[] values) {
        Tensor tensor = workspace.tensor(values.length / columns, columns);
        kernels.write(tensor, values);
        return tensor;
    }

    /** What a tensor holds, row-major. */
    static float[] read(Kernels kernels, Tensor tensor) {
        float[] values = new float[tensor.rows() * tensor.columns()];
        kernels.read(values, 0, tensor, 0, tensor.rows());
        return values;
    }

    /** The rows that are numbered in {@code rows}. */
    static float[] rows(float[] values, int columns, int... rows) {
        float[] chosen = new float[rows.length * columns];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(values, rows[i] * columns, chosen, i * columns, columns);
        }
        return chosen;
    }

    /** At most {@code most} row numbers spread over 0 .. count − 1, both ends included. */
    static int[] spread(int count, int most) {
        int[] rows = new int[Math.min(count, most)];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = rows.length == 1 ? 0 : (int) ((long) i * (count - 1) / (rows.length - 1));
        }
        return rows;
    }
}
