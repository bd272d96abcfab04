package dev.bgem3.kernels.cuda;

import static dev.bgem3.testsupport.Floats.absolute;
import static dev.bgem3.testsupport.Floats.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import dev.bgem3.testsupport.Floats;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Compares the GPU with {@code scalar}, over sizes that straddle packs, warps and tiles, with extreme and
 * non-finite numbers.
 *
 * <p>
 * The operands are exactly representable in the 16-bit type. The remaining errors are the rounding of stored
 * numbers, at most {@link #ulp} of each number (2⁻¹¹ in fp16, 2⁻⁸ in bf16, and half of 2⁻²⁴ below fp16's
 * normal numbers), and the rounding of sums in fp32, which for n products is at most n·2⁻²⁴ times the sum of
 * their magnitudes (Higham 2002, section 3.1).
 */
@ParameterizedClass
@MethodSource("dev.bgem3.kernels.cuda.Elements#arithmetics")
class CudaKernelsDifferentialTest {
    private static final double U32 = 0x1p-24;
    private static final double SMALLEST = 0x1p-25;

    @Parameter
    private Arithmetic arithmetic;
    private final Kernels reference = KernelProviders.named("scalar", Arithmetic.FP32).open(Arithmetic.FP32,
            1, 0);
    private Kernels kernels;

    @BeforeEach
    void open() {
        kernels = Card.open(arithmetic);
    }

    @AfterEach
    void close() {
        reference.close();
        if (kernels != null) {
            kernels.close();
        }
    }

    /** An operation, run with a provider's own tensors. */
    @FunctionalInterface
    private interface Operation {
        void run(Kernels with, Workspace workspace, Tensor out);
    }

    private static float[] run(Kernels with, int rows, int columns, Operation operation) {
        try (Workspace workspace = with.newWorkspace()) {
            Tensor out = workspace.tensor(rows, columns);
            operation.run(with, workspace, out);
            float[] values = new float[rows * columns];
            with.read(values, 0, out, 0, rows);
            return values;
        }
    }

    private static Tensor tensor(Kernels with, Workspace workspace, int rows, int columns, float[] values) {
        Tensor tensor = workspace.tensor(rows, columns);
        with.write(tensor, values);
        return tensor;
    }

    /** Returns the largest relative error of storing a number. */
    private double ulp() {
        return arithmetic.operandRounding();
    }

    /** Returns the values rounded to the 16-bit type. */
    private float[] rounded(float[] values) {
        short[] elements = new short[values.length];
        Elements.of(arithmetic).toElements(values, values.length, elements);
        float[] back = new float[values.length];
        Elements.of(arithmetic).toFloats(elements, values.length, back, 0);
        return back;
    }

    private float[] random(Random random, int length, double scale) {
        return rounded(Floats.random(random, length, scale));
    }

    /**
     * Returns bounds for the rounding of sums of {@code terms} terms with these magnitudes, and of storing
     * them.
     */
    private double[] sumBounds(float[] expected, float[] magnitudes, int terms) {
        double[] bounds = new double[expected.length];
        for (int i = 0; i < bounds.length; i++) {
            double sum = (terms + 2) * U32 * magnitudes[i];
            bounds[i] = sum + ulp() * (Math.abs(expected[i]) + sum) + SMALLEST;
        }
        return bounds;
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "1, 5, 7", "3, 8, 16", "16, 64, 64", "17, 128, 64", "63, 127, 129",
            "64, 256, 1024",
            "65, 1, 1024", "129, 3072, 1024", "1000, 1024, 64", "300, 96, 2048"})
    void matchesTheReferencesProducts(int m, int n, int k) {
        Random random = new Random(31L * m + n);
        float[] in = random(random, m * k, 1);
        float[] weight = random(random, n * k, 1);
        float[] bias = random(random, n, 1);
        Operation product = (with, workspace, out) -> with.linear(out, tensor(with, workspace, m, k, in),
                with.linear(MatrixSource.of(n, k, weight), bias));
        float[] expected = run(reference, m, n, product);
        float[] magnitudes = run(reference, m, n, (with, workspace, out) -> with.linear(out,
                tensor(with, workspace, m, k, absolute(in)),
                with.linear(MatrixSource.of(n, k, absolute(weight)), absolute(bias))));
        double[] bounds = sumBounds(expected, magnitudes, k);
        assertClose("linear", run(kernels, m, n, product), expected, bounds);

        float[] rectified = expected.clone();
        for (int i = 0; i < rectified.length; i++) {
            rectified[i] = Math.max(rectified[i], 0);
        }
        assertClose("linearRelu", run(kernels, m, n, (with, workspace, out) -> with.linearRelu(out,
                tensor(with, workspace, m, k, in), with.linear(MatrixSource.of(n, k, weight), bias))),
                rectified,
                bounds);
    }

    /**
     * GELU's slope is at most 1.13, so it hardly increases an earlier error; the product is stored once
     * before it.
     */
    @ParameterizedTest
    @CsvSource({"1, 1, 1", "5, 7, 3", "17, 128, 64", "64, 4096, 64", "129, 2049, 32", "66, 256, 1024"})
    void computesTheErfFormOfGelu(int m, int n, int k) {
        Random random = new Random(7L * m + n);
        float[] in = random(random, m * k, 2 / Math.sqrt(k));
        float[] weight = random(random, n * k, 1);
        float[] bias = random(random, n, 1);
        Operation activated = (with, workspace, out) -> with.linearGelu(out,
                tensor(with, workspace, m, k, in),
                with.linear(MatrixSource.of(n, k, weight), bias));
        float[] expected = run(reference, m, n, activated);
        float[] magnitudes = run(reference, m, n, (with, workspace, out) -> with.linear(out,
                tensor(with, workspace, m, k, absolute(in)),
                with.linear(MatrixSource.of(n, k, absolute(weight)), absolute(bias))));
        float[] products = run(reference, m, n, (with, workspace, out) -> with.linear(out,
                tensor(with, workspace, m, k, in), with.linear(MatrixSource.of(n, k, weight), new float[n])));
        double[] bounds = sumBounds(expected, magnitudes, k);
        for (int i = 0; i < bounds.length; i++) {
            bounds[i] += 1.13 * ulp() * Math.abs(products[i]) + 1e-6;
        }
        assertClose("linearGelu", run(kernels, m, n, activated), expected, bounds);
    }

    /**
     * Before the norm, a row x = p + b + r is off by at most e = ulp·max|p|. The mean is then off by at most
     * e, each x − mean by 2·e, and the deviation by at most e as well; so each result is off by at most (2 +
     * |result|/gamma)·e·gamma/deviation.
     */
    @ParameterizedTest
    @CsvSource({"1, 8", "3, 7", "5, 64", "65, 127", "130, 1024", "9, 1000", "4, 2048"})
    void matchesTheReferencesResidualAndNorm(int m, int c) {
        Random random = new Random(m + 13L * c);
        int k = 64;
        float[] in = random(random, m * k, 1 / Math.sqrt(k));
        float[] weight = random(random, c * k, 1);
        float[] bias = random(random, c, 1);
        float[] residual = random(random, m * c, 3);
        float[] gamma = random(random, c, 1);
        float[] beta = random(random, c, 1);
        Operation end = (with, workspace, out) -> {
            with.write(out, residual);
            with.linearAddNorm(out, tensor(with, workspace, m, k, in),
                    with.linear(MatrixSource.of(c, k, weight), bias), out,
                    with.norm(gamma, beta, 1e-5f));
        };
        float[] products = run(reference, m, c, (with, workspace, out) -> with.linear(out,
                tensor(with, workspace, m, k, in), with.linear(MatrixSource.of(c, k, weight), new float[c])));
        float[] expected = run(reference, m, c, end);
        double[] bounds = new double[expected.length];
        for (int row = 0; row < m; row++) {
            int first = row * c;
            double[] x = IntStream.range(0, c)
                    .mapToDouble(i -> (double) products[first + i] + bias[i] + residual[first + i]).toArray();
            double mean = IntStream.range(0, c).mapToDouble(i -> x[i]).average().orElseThrow();
            double deviation = Math.sqrt(
                    IntStream.range(0, c).mapToDouble(i -> (x[i] - mean) * (x[i] - mean)).sum() / c + 1e-5);
            double before = IntStream.range(0, c).mapToDouble(i -> Math.abs(products[first + i])).max()
                    .orElseThrow()
                    * ulp() + 1e-5;
            for (int i = 0; i < c; i++) {
                double normal = Math.abs((x[i] - mean) / deviation);
                bounds[first + i] = (2 + normal) * before * Math.abs(gamma[i]) / deviation
                        + ulp() * Math.abs(expected[first + i]) + 1e-5;
            }
        }
        assertClose("linearAddNorm", run(kernels, m, c, end), expected, bounds);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 64, 128, 1000, 1024})
    void matchesTheReferencesEmbeddings(int c) {
        Random random = new Random(c);
        int vocabulary = 300;
        float[] words = random(random, vocabulary * c, 1);
        float[] positions = random(random, 40 * c, 1);
        float[] tokenType = random(random, c, 1);
        float[] gamma = random(random, c, 1);
        float[] beta = random(random, c, 1);
        int[] ids = random.ints(37, 0, vocabulary).toArray();
        int[] places = random.ints(37, 0, 40).toArray();
        Operation embed = (with, workspace, out) -> with.embed(out, ids, places,
                with.table(MatrixSource.of(vocabulary, c, words)),
                with.table(MatrixSource.of(40, c, positions)), tokenType,
                with.norm(gamma, beta, 1e-5f));
        float[] expected = run(reference, 37, c, embed);
        double[] bounds = new double[expected.length];
        for (int i = 0; i < bounds.length; i++) {
            bounds[i] = ulp() * Math.abs(expected[i]) + 1e-4;
        }
        assertClose("embed", run(kernels, 37, c, embed), expected, bounds);
    }

    /**
     * The weights of the sum are stored before the second product, each with a relative error of at most ulp,
     * and so is the result; both errors are at most ulp·max|v|. The errors of fp32 and of the exponential are
     * small in comparison.
     */
    @ParameterizedTest
    @CsvSource({"64, 1", "64, 3", "128, 2", "8, 2", "32, 4", "72, 1", "96, 2"})
    void matchesTheReferencesAttention(int headSize, int headCount) {
        Random random = new Random(headSize);
        int[] lengths = {1, 2, 15, 16, 17, 63, 64, 65, 127, 128, 129, 300, 0, 513};
        int[] cumulative = cumulative(lengths);
        int t = cumulative[lengths.length];
        int c = headSize * headCount;
        float[] queryKeyValue = random(random, t * 3 * c, 1);
        Operation attend = (with, workspace, out) -> with.attention(out,
                tensor(with, workspace, t, 3 * c, queryKeyValue), cumulative, headCount);
        float[] expected = run(reference, t, c, attend);
        double most = 0;
        for (float value : queryKeyValue) {
            most = Math.max(most, Math.abs(value));
        }
        double[] bounds = new double[expected.length];
        Arrays.fill(bounds, (2 * ulp() + 1e-4) * most);
        float[] actual = run(kernels, t, c, attend);
        assertClose("attention", actual, expected, bounds);

        int[] present = cumulative(IntStream.of(lengths).filter(length -> length > 0).toArray());
        float[] first = run(kernels, present.length - 1, c,
                (with, workspace, out) -> with.firstTokenAttention(out,
                        tensor(with, workspace, t, 3 * c, queryKeyValue), present, headCount));
        for (int s = 0; s + 1 < present.length; s++) {
            assertThat(Arrays.copyOfRange(first, s * c, (s + 1) * c))
                    .as("first token of sequence %d", s)
                    .containsExactly(
                            Arrays.copyOfRange(actual, present[s] * c, (present[s] + 1) * c));
        }
    }

    private static int[] cumulative(int... lengths) {
        int[] sums = new int[lengths.length + 1];
        for (int i = 0; i < lengths.length; i++) {
            sums[i + 1] = sums[i] + lengths[i];
        }
        return sums;
    }

    /** Scores of ±320,000 exceed the range of fp16 but not of fp32, in which they are computed. */
    @Test
    void doesNotOverflowOnLargeScores() {
        int t = 130;
        float[] queryKeyValue = new float[t * 192];
        for (int row = 0; row < t; row++) {
            for (int d = 0; d < 64; d++) {
                queryKeyValue[row * 192 + d] = 200;
                queryKeyValue[row * 192 + 64 + d] = row == 77 ? 200 : -200;
                queryKeyValue[row * 192 + 128 + d] = row;
            }
        }
        float[] out = run(kernels, t, 64, (with, workspace, to) -> with.attention(to,
                tensor(with, workspace, t, 192, queryKeyValue), new int[]{0, t}, 1));
        // One key has all of the probability, so only the value and the result are rounded, once each.
        for (float value : out) {
            assertThat((double) value).isCloseTo(77, offset(2 * ulp() * 77));
        }
    }

    @Test
    void keepsNonFiniteNumbersInTheirRowsAndSequences() {
        int c = 64;
        int[] cumulative = {0, 70, 150};
        float[] queryKeyValue = random(new Random(5), 150 * 3 * c, 1);
        queryKeyValue[100 * 3 * c + c + 3] = Float.NaN;
        float[] out = run(kernels, 150, c, (with, workspace, to) -> with.attention(to,
                tensor(with, workspace, 150, 3 * c, queryKeyValue), cumulative, 1));
        for (int i = 0; i < out.length; i++) {
            assertThat(Float.isNaN(out[i])).as("row %d", i / c).isEqualTo(i / c >= 70);
        }

        float[] in = {1, Float.NaN, Float.POSITIVE_INFINITY, -2, 60000, 60000};
        float[] weight = {1};
        float[] huge = run(kernels, 6, 1, (with, workspace, to) -> with.linear(to,
                tensor(with, workspace, 6, 1, in), with.linear(MatrixSource.of(1, 1, weight), new float[1])));
        assertThat(huge).containsExactly(rounded(in));
        assertThat(run(kernels, 6, 1, (with, workspace, to) -> with.linearRelu(to,
                tensor(with, workspace, 6, 1, in), with.linear(MatrixSource.of(1, 1, weight), new float[1]))))
                .containsExactly(1, Float.NaN, Float.POSITIVE_INFINITY, 0, rounded(in)[4], rounded(in)[4]);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "5, 7", "33, 64", "9, 1000", "100, 1024"})
    void gathersAveragesAndNormalisesRows(int rows, int columns) {
        Random random = new Random(rows);
        float[] in = random(random, rows * columns, 1);
        int[] numbers = random.ints(2 * rows, 0, rows).toArray();
        int[] cumulative = {0, rows / 3, rows};
        Operation gather = (with, workspace, out) -> with.gatherRows(out,
                tensor(with, workspace, rows, columns, in), numbers);
        assertThat(run(kernels, 2 * rows, columns, gather))
                .containsExactly(run(reference, 2 * rows, columns, gather));

        Operation mean = (with, workspace, out) -> with.meanRows(out,
                tensor(with, workspace, rows, columns, in),
                rows < 3 ? new int[]{0, rows} : cumulative);
        int means = rows < 3 ? 1 : 2;
        float[] expected = run(reference, means, columns, mean);
        assertClose("meanRows", run(kernels, means, columns, mean), expected, storageBounds(expected));

        int leading = (columns + 1) / 2;
        Operation normalize = (with, workspace, out) -> {
            with.write(out, in);
            with.normalizeRows(out, leading);
        };
        float[] normal = run(reference, rows, columns, normalize);
        float[] actual = run(kernels, rows, columns, normalize);
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < leading; i++) {
                int at = row * columns + i;
                assertThat((double) actual[at]).isCloseTo(normal[at],
                        offset(ulp() * Math.abs(normal[at]) + 1e-5));
            }
        }
    }

    private double[] storageBounds(float[] expected) {
        double[] bounds = new double[expected.length];
        for (int i = 0; i < bounds.length; i++) {
            bounds[i] = ulp() * Math.abs(expected[i]) + 1e-5;
        }
        return bounds;
    }

    /** From its third run on, the pass runs as a graph. */
    @Test
    void givesTheSameBitsWhenARepeatedPassRunsAsAGraph() {
        int c = 128;
        float[] weight = random(new Random(1), c * c, 0.1);
        Kernels.Linear layer = kernels.linear(MatrixSource.of(c, c, weight), new float[c]);
        try (Workspace workspace = kernels.newWorkspace()) {
            float[][] outs = new float[5][];
            for (int pass = 0; pass < outs.length; pass++) {
                workspace.reset();
                float[] in = random(new Random(pass / 4), 5 * c, 1);
                Tensor x = tensor(kernels, workspace, 5, c, in);
                Tensor y = workspace.tensor(5, c);
                kernels.linearGelu(y, x, layer);
                kernels.gatherRows(x, y, new int[]{4, 3, 2, 1, 0});
                outs[pass] = new float[5 * c];
                kernels.read(outs[pass], 0, x, 0, 5);
            }
            assertThat(outs[1]).containsExactly(outs[0]);
            assertThat(outs[2]).containsExactly(outs[0]);
            assertThat(outs[3]).containsExactly(outs[0]);
            assertThat(outs[4]).isNotEqualTo(outs[0]);
        }
    }
}
