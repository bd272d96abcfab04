package dev.bgem3.kernel;

import static dev.bgem3.testsupport.Floats.absolute;
import static dev.bgem3.testsupport.Floats.assertClose;
import static dev.bgem3.testsupport.Floats.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Compares linear layers with the reference, see {@link AgainstScalar}. */
@ParameterizedClass
@MethodSource("providers")
class ProductsDifferentialTest extends AgainstScalar {
    ProductsDifferentialTest(KernelProvider provider, Arithmetic arithmetic) {
        super(provider, arithmetic);
    }

    /**
     * Returns the bound on the error of each number of a product: that of the sum, γ·(Σ|in|·|weight| +
     * |bias|), and that of rounding both operands ({@link Arithmetic#operandRounding}).
     */
    private double[] productBounds(int m, int n, int k, float[] in, float[] weight, float[] bias) {
        float[] magnitudes = run(reference, m, n,
                (with, workspace, out) -> with.linear(out, tensor(with, workspace, m, k, absolute(in)),
                        with.linear(MatrixSource.of(n, k, absolute(weight)), absolute(bias))));
        double gamma = (k + 6) * U / (1 - (k + 6) * U);
        double[] bounds = new double[m * n];
        for (int i = 0; i < bounds.length; i++) {
            double relative = arithmetic.operandRounding();
            double rounding = arithmetic.isScaled()
                    ? scaledRounding(in, i / n * k, weight, i % n * k, k)
                    : (2 * relative + relative * relative) * magnitudes[i];
            bounds[i] = gamma * magnitudes[i] * (1 + 2 * U) + rounding * (1 + 1e-5);
        }
        return bounds;
    }

    private double scaledRounding(float[] in, int row, float[] weight, int column, int k) {
        double inError = 0;
        double weightError = 0;
        double inSum = 0;
        double weightSum = 0;
        for (int i = 0; i < k; i++) {
            inError = Math.max(inError, Math.abs(in[row + i]) * arithmetic.operandRounding());
            weightError = Math.max(weightError,
                    Math.abs(weight[column + i]) * arithmetic.operandRounding());
            inSum += Math.abs(in[row + i]);
            weightSum += Math.abs(weight[column + i]);
        }
        return inSum * weightError + weightSum * inError + k * inError * weightError;
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "1, 2, 3", "3, 15, 16", "4, 16, 17", "5, 17, 15", "7, 31, 64", "8, 32, 127",
            "9, 33, 511",
            "12, 64, 512", "13, 65, 513", "16, 1, 1024", "25, 207, 1023", "28, 33, 65", "31, 13, 1025",
            "40, 17, 130", "64, 31, 257",
            "127, 97, 61",
            "128, 96, 128", "129, 95, 320", "160, 65, 66", "257, 40, 192", "2, 1024, 4098"})
    void productsAgree(int m, int n, int k) {
        Random random = new Random(m * 31L + n * 7L + k);
        float[] in = random(random, m * k, 1);
        float[] weight = random(random, n * k, 0.5);
        float[] bias = random(random, n, 1);
        float[] residual = random(random, m * n, 1);
        double[] bounds = productBounds(m, n, k, in, weight, bias);
        String shape = m + "×" + n + "×" + k;

        Operation linear = (with, workspace, out) -> with.linear(out, tensor(with, workspace, m, k, in),
                with.linear(MatrixSource.of(n, k, weight), bias));
        assertClose("linear " + shape, run(kernels, m, n, linear), run(reference, m, n, linear), bounds);

        Operation relu = (with, workspace, out) -> with.linearRelu(out, tensor(with, workspace, m, k, in),
                with.linear(MatrixSource.of(n, k, weight), bias));
        assertClose("linearRelu " + shape, run(kernels, m, n, relu), run(reference, m, n, relu), bounds);

        // |gelu'| is below 1.13; Φ is within 1e-7 and the last product rounds: |z|·(1e-7 + 2u), with |z| at
        // most the magnitudes. If products round their operands, a shorter GELU may be used, with an error of
        // 4e-5 + 6e-6·|z|.
        double least = arithmetic == Arithmetic.FP32 ? 0 : 4e-5;
        double relative = arithmetic == Arithmetic.FP32 ? 1e-7 : 6e-6;
        Operation gelu = (with, workspace, out) -> with.linearGelu(out, tensor(with, workspace, m, k, in),
                with.linear(MatrixSource.of(n, k, weight), bias));
        float[] z = run(reference, m, n, linear);
        double[] geluBounds = IntStream.range(0, bounds.length)
                .mapToDouble(
                        i -> 1.13 * bounds[i] + least + (Math.abs(z[i]) + bounds[i]) * (relative + 2 * U))
                .toArray();
        assertClose("linearGelu " + shape, run(kernels, m, n, gelu), run(reference, m, n, gelu), geluBounds);

        // Layer norm multiplies the error of an input by at most 2·γ/σ.
        float[] gamma = random(random, n, 1);
        float[] beta = random(random, n, 1);
        Operation addNorm = (with, workspace, out) -> {
            Tensor before = tensor(with, workspace, m, n, residual);
            with.linearAddNorm(before, tensor(with, workspace, m, k, in),
                    with.linear(MatrixSource.of(n, k, weight), bias),
                    before, with.norm(gamma, beta, 1e-5f));
            float[] values = new float[m * n];
            with.read(values, 0, before, 0, m);
            with.write(out, values);
        };
        double[] normBounds = normBounds(m, n, z, residual, gamma, bounds);
        assertClose("linearAddNorm " + shape, run(kernels, m, n, addNorm), run(reference, m, n, addNorm),
                normBounds);
    }

    private Tensor rounded(Workspace workspace, boolean rounded, int rows, int columns) {
        return rounded ? workspace.roundedTensor(rows, columns) : workspace.tensor(rows, columns);
    }

    /**
     * Rounded tensors do not change the bits of results if products round their operands in the same way. In
     * int8 a number has an error of half a step in either case, and rounded tensors add a relative error of
     * 2⁻⁸.
     */
    @ParameterizedTest
    @CsvSource({"1, 32, 2, 16", "13, 64, 1, 64", "150, 96, 2, 48", "70, 128, 4, 32", "65, 40, 5, 8"})
    void roundedTensorsOnlyRoundAsProductsDo(int m, int f, int headCount, int headSize) {
        Random random = new Random(m + f);
        int c = headCount * headSize;
        float[] in = random(random, m * c, 1);
        float[] qkvWeight = random(random, 3 * c * c, 1 / Math.sqrt(c));
        float[] wideWeight = random(random, f * c, 1 / Math.sqrt(c));
        float[] lastWeight = random(random, c * f, 1 / Math.sqrt(f));
        int[] cumulativeLengths = {0, m / 3, m};
        float[][] results = new float[2][];
        for (boolean rounded : new boolean[]{false, true}) {
            results[rounded ? 1 : 0] = run(kernels, m, c, (with, workspace, out) -> {
                Tensor qkv = rounded(workspace, rounded, m, 3 * c);
                with.linear(qkv, tensor(with, workspace, m, c, in),
                        with.linear(MatrixSource.of(3 * c, c, qkvWeight), new float[3 * c]));
                Tensor attended = rounded(workspace, rounded, m, c);
                with.attention(attended, qkv, cumulativeLengths, headCount);
                Tensor wide = rounded(workspace, rounded, m, f);
                with.linearGelu(wide, attended, with.linear(MatrixSource.of(f, c, wideWeight), new float[f]));
                with.linear(out, wide, with.linear(MatrixSource.of(c, f, lastWeight), new float[c]));
            });
        }
        if (!arithmetic.isScaled()) {
            assertThat(results[1]).isEqualTo(results[0]);
            return;
        }
        // Numbers are near 1 after each layer: two int8 layers change a result by at most some hundredths of
        // the largest of its row.
        for (int row = 0; row < m; row++) {
            float largest = 0;
            for (int i = row * c; i < (row + 1) * c; i++) {
                largest = Math.max(largest, Math.abs(results[0][i]));
            }
            for (int i = row * c; i < (row + 1) * c; i++) {
                assertThat(results[1][i]).isCloseTo(results[0][i], within(0.05f * largest));
            }
        }
    }

    /** The result, in blocks of rows or not, has the same bits as the two linear layers run separately. */
    @Test
    void feedForwardHasTheBitsOfItsLayers() {
        int t = 2_100;
        int c = 32;
        int f = 64;
        Random random = new Random(3);
        float[] in = random(random, t * c, 1);
        float[] wideWeight = random(random, f * c, 1);
        float[] weight = random(random, c * f, 1);
        float[] gamma = random(random, c, 1);
        float[][] results = new float[2][];
        for (int i = 0; i < 2; i++) {
            boolean apart = i == 0;
            results[i] = run(kernels, t, c, (with, workspace, out) -> {
                with.write(out, in);
                Kernels.Linear first = with.linear(MatrixSource.of(f, c, wideWeight), new float[f]);
                Kernels.Linear second = with.linear(MatrixSource.of(c, f, weight), new float[c]);
                Kernels.Norm norm = with.norm(gamma, new float[c], 1e-5f);
                if (apart) {
                    Tensor wide = workspace.roundedTensor(t, f);
                    with.linearGelu(wide, out, first);
                    with.linearAddNorm(out, wide, second, out, norm);
                } else {
                    Tensor wide = workspace.roundedTensor(with.feedForwardRows(t), f);
                    with.feedForward(out, wide, first, second, norm);
                }
            });
        }
        assertThat(results[1]).isEqualTo(results[0]);
    }

    @Test
    void resultsHaveTheSameBitsWithAnyNeighboursAndThreads() {
        int k = 333;
        int n = 130;
        Random random = new Random(2);
        float[] in = random(random, 300 * k, 1);
        float[] weight = random(random, n * k, 1);
        float[] bias = random(random, n, 1);
        Operation all = (with, workspace, out) -> with.linearGelu(out, tensor(with, workspace, 300, k, in),
                with.linear(MatrixSource.of(n, k, weight), bias));
        float[] whole = run(kernels, 300, n, all);
        for (int row : new int[]{0, 1, 127, 128, 131, 299}) {
            float[] one = Arrays.copyOfRange(in, row * k, (row + 1) * k);
            Operation alone = (with, workspace, out) -> with.linearGelu(out,
                    tensor(with, workspace, 1, k, one),
                    with.linear(MatrixSource.of(n, k, weight), bias));
            assertThat(run(kernels, 1, n, alone)).as("row %d", row)
                    .isEqualTo(Arrays.copyOfRange(whole, row * n, (row + 1) * n));
        }
        try (Kernels threeThreads = provider.open(arithmetic, 3, 0);
                Kernels oneThread = provider.open(arithmetic, 1, 0)) {
            assertThat(run(threeThreads, 300, n, all)).isEqualTo(whole);
            assertThat(run(oneThread, 300, n, all)).isEqualTo(whole);
        }
    }
}
