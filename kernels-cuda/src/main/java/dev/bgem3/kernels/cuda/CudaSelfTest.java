package dev.bgem3.kernels.cuda;

import dev.bgem3.error.BackendException;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.util.Arrays;
import java.util.Random;

/**
 * Checks a GPU with one layer of a small model, computed by its kernels and by the scalar reference. It
 * detects a library or a compiler that produces wrong code; the tests check more closely.
 */
final class CudaSelfTest {
    private static final int HIDDEN = 128;
    private static final int HEADS = 2;
    private static final int[] LENGTHS = {0, 1, 70, 103};
    /**
     * The numbers are below 8. Each of about ten roundings to fp16 has a relative error of at most 2⁻¹¹, and
     * no operation increases an error by more than a small factor; a wrong kernel is off by about 1.
     */
    private static final float BOUND = 0.05f;

    private CudaSelfTest() {}

    /** Throws if a device's results differ from the reference's. */
    static void run(int device) {
        float[] expected;
        try (Kernels scalar = KernelProviders.named("scalar", Arithmetic.FP32).open(Arithmetic.FP32, 1, 0)) {
            expected = layer(scalar);
        }
        float[] actual;
        try (Kernels cuda = new CudaKernels(Arithmetic.FP16, device)) {
            actual = layer(cuda);
        }
        for (int i = 0; i < expected.length; i++) {
            if (!(Math.abs(actual[i] - expected[i]) <= BOUND)) {
                throw new BackendException(
                        "cuda:" + device + " computes wrong numbers in the self-test: number " + i
                                + " is " + actual[i] + " (expected: " + expected[i] + ")");
            }
        }
    }

    private static float[] layer(Kernels kernels) {
        Random random = new Random(1);
        int tokens = LENGTHS[LENGTHS.length - 1];
        Kernels.Linear first = kernels.linear(matrix(random, 3 * HIDDEN, HIDDEN), new float[3 * HIDDEN]);
        Kernels.Linear second = kernels.linear(matrix(random, HIDDEN, HIDDEN), new float[HIDDEN]);
        Kernels.Linear third = kernels.linear(matrix(random, HIDDEN, HIDDEN), new float[HIDDEN]);
        float[] gamma = new float[HIDDEN];
        Arrays.fill(gamma, 1);
        Kernels.Norm norm = kernels.norm(gamma, new float[HIDDEN], 1e-5f);
        float[] values = numbers(random, tokens * HIDDEN, 1);
        try (Workspace workspace = kernels.newWorkspace()) {
            Tensor x = workspace.tensor(tokens, HIDDEN);
            Tensor queryKeyValue = workspace.tensor(tokens, 3 * HIDDEN);
            Tensor attended = workspace.tensor(tokens, HIDDEN);
            kernels.write(x, values);
            kernels.linear(queryKeyValue, x, first);
            kernels.attention(attended, queryKeyValue, LENGTHS, HEADS);
            kernels.linearAddNorm(x, attended, second, x, norm);
            kernels.linearGelu(attended, x, third);
            float[] out = new float[tokens * HIDDEN];
            kernels.read(out, 0, attended, 0, tokens);
            return out;
        }
    }

    private static MatrixSource matrix(Random random, int rows, int columns) {
        return MatrixSource.of(rows, columns, numbers(random, rows * columns, Math.sqrt(1.0 / columns)));
    }

    private static float[] numbers(Random random, int count, double scale) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextGaussian() * scale);
        }
        return values;
    }
}
