package dev.bgem3.head;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.Tensor;

/**
 * Activations between the layers of a head. There is only one row per text, which does not justify an
 * operation in every provider.
 */
final class Activations {
    private Activations() {}

    /** Replaces each element by its hyperbolic tangent. */
    static void tanh(Kernels kernels, Tensor tensor) {
        float[] values = new float[Math.multiplyExact(tensor.rows(), tensor.columns())];
        kernels.read(values, 0, tensor, 0, tensor.rows());
        for (int i = 0; i < values.length; i++) {
            // StrictMath, because an intrinsic may round differently from the interpreter.
            values[i] = (float) StrictMath.tanh(values[i]);
        }
        kernels.write(tensor, values);
    }
}
