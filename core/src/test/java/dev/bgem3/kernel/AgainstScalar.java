package dev.bgem3.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.provider.Arguments;

/**
 * The base of tests that compare every available provider with {@code scalar}, for sizes that straddle lanes,
 * panels, tiles and blocks, and for extreme and non-finite numbers.
 *
 * <p>
 * The bounds are the standard ones of Higham (2002, section 3.1): the error of a sum of n fp32 products, in
 * any order, is at most n·u/(1 − n·u) times the sum of their magnitudes, with u = 2⁻²⁴; {@code scalar} itself
 * is exact except for one rounding.
 */
abstract class AgainstScalar {
    /** Half the distance between 1 and the next fp32 number. */
    static final double U = 0x1p-24;

    final KernelProvider provider;
    final Arithmetic arithmetic;
    final Kernels reference = KernelProviders.named("scalar", Arithmetic.FP32).open(Arithmetic.FP32,
            1, 0);
    Kernels kernels;

    AgainstScalar(KernelProvider provider, Arithmetic arithmetic) {
        this.provider = provider;
        this.arithmetic = arithmetic;
    }

    static Stream<Arguments> providers() {
        return KernelProviders.all().stream()
                .filter(one -> !one.name().equals("scalar") && one.unavailable().isEmpty())
                .flatMap(one -> ProvenArithmetics.of(one).map(how -> Arguments.of(one, how)));
    }

    @BeforeEach
    void open() {
        kernels = provider.open(arithmetic, 2, 0);
    }

    @AfterEach
    void close() {
        kernels.close();
    }

    /** An operation on a provider's own tensors. */
    @FunctionalInterface
    interface Operation {
        void run(Kernels with, Workspace workspace, Tensor out);
    }

    static float[] run(Kernels with, int rows, int columns, Operation operation) {
        try (Workspace workspace = with.newWorkspace()) {
            Tensor out = workspace.tensor(rows, columns);
            operation.run(with, workspace, out);
            float[] values = new float[rows * columns];
            with.read(values, 0, out, 0, rows);
            return values;
        }
    }

    static Tensor tensor(Kernels with, Workspace workspace, int rows, int columns, float[] values) {
        Tensor tensor = workspace.tensor(rows, columns);
        with.write(tensor, values);
        return tensor;
    }

    static double[] constant(int length, double bound) {
        double[] bounds = new double[length];
        Arrays.fill(bounds, bound);
        return bounds;
    }

    static double[] normBounds(int m, int n, float[] z, float[] residual, float[] gamma,
            double[] bounds) {
        double[] normBounds = new double[m * n];
        for (int row = 0; row < m; row++) {
            double mean = 0;
            double largest = 0;
            double error = 0;
            for (int i = row * n; i < (row + 1) * n; i++) {
                double x = (double) z[i] + residual[i];
                mean += x / n;
                largest = Math.max(largest, Math.abs(x));
                error = Math.max(error, bounds[i] + Math.abs(x) * 2 * U);
            }
            double variance = 0;
            for (int i = row * n; i < (row + 1) * n; i++) {
                variance += Math.pow((double) z[i] + residual[i] - mean, 2) / n;
            }
            double deviation = Math.sqrt(variance + 1e-5);
            for (int i = 0; i < n; i++) {
                // The errors of the input, of the mean (at most n/4 sums, with at least 4 lanes) and of the
                // scale, all over σ.
                double input = error + (n / 4 + 8) * U * largest;
                double normalized = Math.abs((double) z[row * n + i] + residual[row * n + i] - mean)
                        / deviation;
                normBounds[row * n + i] = Math.abs(gamma[i])
                        * (2 * input / deviation + normalized * (2 * input / deviation + (n / 4 + 8) * U))
                        + 8 * U;
            }
        }
        return normBounds;
    }

    /**
     * Checks that results are finite and close exactly where the reference is finite; where it is infinite,
     * they may be infinite, or NaN after an overflow.
     */
    void assertSameKind(String what, float[] actual, float[] expected) {
        double tolerance = arithmetic == Arithmetic.FP32 ? 1e-4 : 0.5;
        for (int i = 0; i < expected.length; i++) {
            boolean same = Float.isFinite(expected[i])
                    ? Float.isFinite(actual[i])
                            && Math.abs(actual[i] - expected[i]) <= tolerance
                                    * Math.max(1, Math.abs(expected[i]))
                    : !Float.isFinite(actual[i]);
            assertThat(same).as("%s [%d]: %s (expected: %s)", what, i, actual[i], expected[i]).isTrue();
        }
    }
}
