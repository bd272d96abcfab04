package dev.bgem3.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every available provider against {@code scalar}, over sizes that straddle lanes, panels, tiles and blocks, with extreme and
 * non-finite numbers.
 *
 * <p>
 * Each bound is the standard one of Higham (2002, section 3.1): a sum of n fp32 products, in any order, is off by at most
 * n·u/(1 − n·u) times the sum of their magnitudes, u = 2⁻²⁴; {@code scalar} itself is exact but for one rounding.
 */
@ParameterizedClass
@MethodSource("providers")
class KernelsDifferentialTest {
    private static final double U = 0x1p-24;

    private final KernelProvider provider;
    private final Arithmetic arithmetic;
    private final Kernels reference = KernelProviders.named("scalar", Arithmetic.FP32).open(Arithmetic.FP32,
            1, 0);
    private Kernels kernels;

    KernelsDifferentialTest(KernelProvider provider, Arithmetic arithmetic) {
        this.provider = provider;
        this.arithmetic = arithmetic;
    }

    static Stream<Arguments> providers() {
        return KernelProviders.all().stream()
                .filter(one -> !one.name().equals("scalar") && one.unavailable().isEmpty())
                .flatMap(one -> one.arithmetics().stream().sorted().map(how -> Arguments.of(one, how)));
    }

    @BeforeEach
    void open() {
        kernels = provider.open(arithmetic, 2, 0);
    }

    @AfterEach
    void close() {
        kernels.close();
    }

    /** Runs one operation with a provider's own tensors. */
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

    private static MatrixSource source(int rows, int columns, float[] values) {
        return new MatrixSource() {
            @Override
            public int rows() {
                return rows;
            }

            @Override
            public int columns() {
                return columns;
            }

            @Override
            public void readRow(int row, float[] destination, int offset) {
                System.arraycopy(values, row * columns, destination, offset, columns);
            }
        };
    }

    private static float[] random(Random random, int length, double scale) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) (random.nextGaussian() * scale);
        }
        return values;
    }

    private static float[] absolute(float[] values) {
        float[] magnitudes = values.clone();
        for (int i = 0; i < values.length; i++) {
            magnitudes[i] = Math.abs(values[i]);
        }
        return magnitudes;
    }

    private static void assertClose(String what, float[] actual, float[] expected, double[] bounds) {
        for (int i = 0; i < expected.length; i++) {
            boolean same = Float.isNaN(expected[i])
                    ? Float.isNaN(actual[i])
                    : actual[i] == expected[i] || Math.abs((double) actual[i] - expected[i]) <= bounds[i];
            assertThat(same).as("%s [%d]: %s (expected: %s ± %s)", what, i, actual[i], expected[i], bounds[i])
                    .isTrue();
        }
    }

    private static double[] constant(int length, double bound) {
        double[] bounds = new double[length];
        Arrays.fill(bounds, bound);
        return bounds;
    }

    /**
     * What each number of a product may be off by: the sum's part for all, γ·(Σ|in|·|weight| + |bias|), and the part of the
     * operands' rounding. bf16 has 8 significant bits, so each operand is off by at most 2⁻⁹ of itself. An int8 operand is off
     * by at most half a step, the step being the largest of its row over 127.
     */
    private double[] productBounds(int m, int n, int k, float[] in, float[] weight, float[] bias) {
        float[] magnitudes = run(reference, m, n,
                (with, workspace, out) -> with.linear(out, tensor(with, workspace, m, k, absolute(in)),
                        with.linear(source(n, k, absolute(weight)), absolute(bias))));
        double gamma = (k + 6) * U / (1 - (k + 6) * U);
        double[] bounds = new double[m * n];
        for (int i = 0; i < bounds.length; i++) {
            double rounding = switch (arithmetic) {
                case FP32 -> 0;
                case FP16 -> throw new AssertionError("no provider here offers fp16");
                case BF16 -> (2 * 0x1p-9 + 0x1p-18) * magnitudes[i];
                case INT8 -> int8Rounding(in, i / n * k, weight, i % n * k, k);
            };
            bounds[i] = gamma * magnitudes[i] * (1 + 2 * U) + rounding * (1 + 1e-5);
        }
        return bounds;
    }

    private static double int8Rounding(float[] in, int row, float[] weight, int column, int k) {
        double inStep = 0;
        double weightStep = 0;
        double inSum = 0;
        double weightSum = 0;
        for (int i = 0; i < k; i++) {
            inStep = Math.max(inStep, Math.abs(in[row + i]) / 127.0);
            weightStep = Math.max(weightStep, Math.abs(weight[column + i]) / 127.0);
            inSum += Math.abs(in[row + i]);
            weightSum += Math.abs(weight[column + i]);
        }
        return inSum * weightStep / 2 + weightSum * inStep / 2 + k * inStep * weightStep / 4;
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
                with.linear(source(n, k, weight), bias));
        assertClose("linear " + shape, run(kernels, m, n, linear), run(reference, m, n, linear), bounds);

        Operation relu = (with, workspace, out) -> with.linearRelu(out, tensor(with, workspace, m, k, in),
                with.linear(source(n, k, weight), bias));
        assertClose("linearRelu " + shape, run(kernels, m, n, relu), run(reference, m, n, relu), bounds);

        // |gelu'| is below 1.13; Φ is within 1e-7 and the last product rounds: |z|·(1e-7 + 2u), with |z| at most the magnitudes.
        // Where products round their operands, a shorter GELU may serve, off by 4e-5 + 6e-6·|z|.
        double least = arithmetic == Arithmetic.FP32 ? 0 : 4e-5;
        double relative = arithmetic == Arithmetic.FP32 ? 1e-7 : 6e-6;
        Operation gelu = (with, workspace, out) -> with.linearGelu(out, tensor(with, workspace, m, k, in),
                with.linear(source(n, k, weight), bias));
        float[] z = run(reference, m, n, linear);
        double[] geluBounds = IntStream.range(0, bounds.length)
                .mapToDouble(
                        i -> 1.13 * bounds[i] + least + (Math.abs(z[i]) + bounds[i]) * (relative + 2 * U))
                .toArray();
        assertClose("linearGelu " + shape, run(kernels, m, n, gelu), run(reference, m, n, gelu), geluBounds);

        // A layer norm moves an input's error by at most 2·γ/σ times the largest of its row.
        float[] gamma = random(random, n, 1);
        float[] beta = random(random, n, 1);
        Operation addNorm = (with, workspace, out) -> {
            Tensor before = tensor(with, workspace, m, n, residual);
            with.linearAddNorm(before, tensor(with, workspace, m, k, in),
                    with.linear(source(n, k, weight), bias),
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
     * What passes through rounded tensors comes out with the same bits where products round their operands the same way. In int8 a
     * number was off by half a step already, on either way, and is by 2⁻⁹ of itself more.
     */
    @ParameterizedTest
    @CsvSource({"1, 32, 2, 16", "13, 64, 1, 64", "150, 96, 2, 48", "70, 128, 4, 32", "65, 40, 5, 8"})
    void roundedTensorsChangeNothingButWhatProductsRound(int m, int f, int headCount, int headSize) {
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
                        with.linear(source(3 * c, c, qkvWeight), new float[3 * c]));
                Tensor attended = rounded(workspace, rounded, m, c);
                with.attention(attended, qkv, cumulativeLengths, headCount);
                Tensor wide = rounded(workspace, rounded, m, f);
                with.linearGelu(wide, attended, with.linear(source(f, c, wideWeight), new float[f]));
                with.linear(out, wide, with.linear(source(c, f, lastWeight), new float[c]));
            });
        }
        if (arithmetic != Arithmetic.INT8) {
            assertThat(results[1]).isEqualTo(results[0]);
            return;
        }
        // Numbers near 1 after each layer: two layers of int8 move a result by some hundredths of its row's largest at most.
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

    /** In blocks of rows or not: the two linear layers' bits, one after another. */
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
                Kernels.Linear first = with.linear(source(f, c, wideWeight), new float[f]);
                Kernels.Linear second = with.linear(source(c, f, weight), new float[c]);
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

    private static double[] normBounds(int m, int n, float[] z, float[] residual, float[] gamma,
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
                // The input's error, the mean's (n/4 sums at most, as there are 4 lanes at least), and the scale's, all over σ.
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

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 64", "2, 64", "3, 16", "5, 40", "15, 64", "16, 64", "17, 33", "31, 64", "32, 65",
            "33, 128", "63, 64", "64, 64", "65, 64", "127, 48", "128, 64", "129, 64", "191, 7", "257, 64",
            "300, 520", "383, 64", "384, 33", "385, 64", "767, 16", "768, 64", "801, 33"})
    void attentionAgrees(int length, int headSize) {
        checkAttention(new int[]{0, length}, 2, headSize, 1);
    }

    @Test
    void attentionAgreesOverManySequencesAndEmptyOnes() {
        checkAttention(new int[]{0, 0, 1, 3, 3, 67, 195, 196, 356, 356}, 3, 64, 1);
    }

    /** Queries alone and in blocks, of texts that begin anywhere in a panel; their bits are those of the whole attention's rows. */
    @ParameterizedTest
    @CsvSource({"1, 1", "3, 64", "2, 33", "4, 128", "1, 520"})
    void firstTokenAttentionHasTheBitsOfAttention(int headCount, int headSize) {
        int[] cumulativeLengths = {0, 1, 3, 67, 195, 196, 356, 1_156};
        int t = 1_156;
        int c = headCount * headSize;
        float[] qkv = random(new Random(headSize), t * 3 * c, 1);
        for (Kernels with : new Kernels[]{kernels, reference}) {
            float[] whole = run(with, t, c, (one, workspace, out) -> one.attention(out,
                    tensor(one, workspace, t, 3 * c, qkv), cumulativeLengths, headCount));
            float[] first = run(with, 7, c, (one, workspace, out) -> one.firstTokenAttention(out,
                    tensor(one, workspace, t, 3 * c, qkv), cumulativeLengths, headCount));
            for (int s = 0; s < 7; s++) {
                assertThat(Arrays.copyOfRange(first, s * c, (s + 1) * c)).as("sequence %d", s)
                        .isEqualTo(Arrays.copyOfRange(whole, cumulativeLengths[s] * c,
                                (cumulativeLengths[s] + 1) * c));
            }
        }
    }

    /** Scores of ±400 and more: all but one probability vanish, and none may overflow. */
    @Test
    void attentionAgreesOnExtremeScores() {
        checkAttention(new int[]{0, 150, 170, 970}, 2, 64, 20);
    }

    private void checkAttention(int[] cumulativeLengths, int headCount, int headSize, double scale) {
        int t = cumulativeLengths[cumulativeLengths.length - 1];
        int c = headCount * headSize;
        Random random = new Random(t * 131L + headSize);
        float[] qkv = random(random, t * 3 * c, 1);
        double largestScore = 0;
        for (int row = 0; row < t; row++) {
            for (int i = 0; i < 2 * c; i++) {
                qkv[row * 3 * c + i] *= (float) Math.sqrt(scale);
            }
        }
        double norm = 0;
        double largestValue = 0;
        for (int row = 0; row < t; row++) {
            double[] squares = new double[2 * headCount];
            for (int i = 0; i < 2 * c; i++) {
                squares[i / headSize] += Math.pow(qkv[row * 3 * c + i], 2);
            }
            norm = Math.max(norm, Math.sqrt(Arrays.stream(squares).max().orElseThrow()));
            for (int i = 2 * c; i < 3 * c; i++) {
                largestValue = Math.max(largestValue, Math.abs(qkv[row * 3 * c + i]));
            }
        }
        largestScore = norm * norm / Math.sqrt(headSize);
        // A score is off by (D + 3)·u·|q|·|k|/√D at most and an exponential by that and 4u; so the quotient of two is off by a
        // factor of exp of twice as much. Weighting T values, and summing their weights, adds (T + 3)·u each. Where products
        // may be in bf16, queries, keys, weights and values are each off by 2⁻⁹ of themselves before, and exponentials by 8e-5.
        double rounding = arithmetic == Arithmetic.FP32 ? 0 : 0x1p-9;
        double score = ((headSize + 4) * U + 2.01 * rounding) * largestScore + 4 * U
                + (arithmetic == Arithmetic.FP32 ? 0 : 8e-5);
        double relative = Math.expm1(2 * score) + 2 * (t + 3) * U + 2.01 * rounding;
        Operation attention = (with, workspace, out) -> with.attention(out,
                tensor(with, workspace, t, 3 * c, qkv), cumulativeLengths, headCount);
        assertClose("attention of " + Arrays.toString(cumulativeLengths), run(kernels, t, c, attention),
                run(reference, t, c, attention), constant(t * c, relative * largestValue));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 13, 15, 16, 17, 31, 32, 33, 207, 1024, 4098})
    void rowOperationsAgree(int columns) {
        int rows = 37;
        Random random = new Random(columns);
        float[] in = random(random, rows * columns, 3);
        Arrays.fill(in, 0, columns, 0); // A row of length 0.
        int kept = Math.max(1, columns * 2 / 3);
        Operation normalize = (with, workspace, out) -> {
            with.write(out, in);
            with.normalizeRows(out, kept);
        };
        float[] normalized = run(reference, rows, columns, normalize);
        // Both sum in double precision and round once; the order of the sum may move that rounding.
        double[] bounds = IntStream.range(0, normalized.length)
                .mapToDouble(i -> 2 * U * Math.abs(normalized[i]))
                .toArray();
        assertClose("normalizeRows " + columns, run(kernels, rows, columns, normalize), normalized, bounds);

        int[] cumulativeLengths = {0, 1, 3, 20, rows};
        Operation mean = (with, workspace, out) -> with.meanRows(out,
                tensor(with, workspace, rows, columns, in),
                cumulativeLengths);
        assertClose("meanRows " + columns, run(kernels, 4, columns, mean), run(reference, 4, columns, mean),
                constant(4 * columns, 0));

        int[] chosen = {36, 0, 0, 17};
        Operation gather = (with, workspace, out) -> with.gatherRows(out,
                tensor(with, workspace, rows, columns, in), chosen);
        assertClose("gatherRows " + columns, run(kernels, 4, columns, gather),
                run(reference, 4, columns, gather),
                constant(4 * columns, 0));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 16, 31, 33, 192, 1024})
    void embeddingsAgree(int columns) {
        Random random = new Random(columns);
        float[] words = random(random, 50 * columns, 1);
        float[] positions = random(random, 40 * columns, 1);
        float[] type = random(random, columns, 1);
        float[] gamma = random(random, columns, 1);
        float[] beta = random(random, columns, 1);
        int[] ids = random.ints(37, 0, 50).toArray();
        int[] positionIds = random.ints(37, 0, 40).toArray();
        Operation embed = (with, workspace, out) -> with.embed(out, ids, positionIds,
                with.table(source(50, columns, words)), with.table(source(40, columns, positions)), type,
                with.norm(gamma, beta, 1e-5f));
        float[] sums = new float[37 * columns];
        float[] types = new float[37 * columns];
        for (int t = 0; t < 37; t++) {
            for (int i = 0; i < columns; i++) {
                sums[t * columns + i] = words[ids[t] * columns + i] + type[i];
                types[t * columns + i] = positions[positionIds[t] * columns + i];
            }
        }
        assertClose("embed " + columns, run(kernels, 37, columns, embed), run(reference, 37, columns, embed),
                normBounds(37, columns, sums, types, gamma, new double[37 * columns]));
    }

    /** The first block of keys scores −∞ throughout; what follows must still count. */
    @Test
    void attentionGoesOnAfterABlockOfInfinitelySmallScores() {
        int t = 800;
        int c = 64;
        float[] qkv = random(new Random(5), t * 3 * c, 1);
        for (int row = 0; row < t; row++) {
            Arrays.fill(qkv, row * 3 * c, row * 3 * c + c, 0);
            qkv[row * 3 * c] = 1; // Every query is the first unit vector …
            qkv[row * 3 * c + c] = row < 520 ? Float.NEGATIVE_INFINITY : 1; // … and so every early key is −∞ to it.
        }
        Operation attention = (with, workspace, out) -> with.attention(out,
                tensor(with, workspace, t, 3 * c, qkv),
                new int[]{0, t}, 1);
        assertSameKind("attention", run(kernels, t, c, attention), run(reference, t, c, attention));
    }

    /** What is not finite must come out in the same places: an operation that hid it would give silently wrong numbers. */
    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 3e38f,
            Float.MIN_VALUE})
    void nonFiniteAndExtremeNumbersComeOutAsInTheReference(float value) {
        assumeTrue(arithmetic == Arithmetic.FP32 || Math.abs(value) < 1 || !Float.isFinite(value),
                "a finite number of extreme size leaves others no bits in " + arithmetic);
        int m = 21;
        int k = 37;
        int n = 35;
        Random random = new Random(1);
        float[] in = random(random, m * k, 1);
        in[5 * k + 3] = value;
        float[] weight = random(random, n * k, 1);
        float[] bias = new float[n];
        Operation linear = (with, workspace, out) -> with.linear(out, tensor(with, workspace, m, k, in),
                with.linear(source(n, k, weight), bias));
        assertSameKind("linear", run(kernels, m, n, linear), run(reference, m, n, linear));
        Operation relu = (with, workspace, out) -> with.linearRelu(out, tensor(with, workspace, m, k, in),
                with.linear(source(n, k, weight), bias));
        float[] expected = run(reference, m, n, relu);
        if (arithmetic == Arithmetic.INT8 && !Float.isFinite(value)) {
            Arrays.fill(expected, 5 * n, 6 * n, Float.NaN); // One scale a row: all its numbers are lost, and say so.
        }
        assertSameKind("linearRelu", run(kernels, m, n, relu), expected);
        Operation gelu = (with, workspace, out) -> with.linearGelu(out, tensor(with, workspace, m, k, in),
                with.linear(source(n, k, weight), bias));
        assertSameKind("linearGelu", run(kernels, m, n, gelu), run(reference, m, n, gelu));

        Operation normalize = (with, workspace, out) -> {
            with.write(out, in);
            with.normalizeRows(out, k);
        };
        assertSameKind("normalizeRows", run(kernels, m, k, normalize), run(reference, m, k, normalize));
        if (value == 3e38f) {
            return; // What follows multiplies two activations: beyond fp32 here, as in PyTorch, and a number in double precision.
        }
        int t = 70;
        int c = 64;
        float[] qkv = random(random, t * 3 * c, 1);
        for (int place : new int[]{7 * 3 * c + 2, 9 * 3 * c + c + 5, 11 * 3 * c + 2 * c + 8}) { // In a q, a k and a v.
            float[] changed = qkv.clone();
            changed[place] = value;
            Operation attention = (with, workspace, out) -> with.attention(out,
                    tensor(with, workspace, t, 3 * c, changed), new int[]{0, 40, t}, 1);
            assertSameKind("attention", run(kernels, t, c, attention), run(reference, t, c, attention));
        }
    }

    /** NaN where the reference has NaN, finite where it is finite; where it is infinite, infinite or overflowed to NaN on the way. */
    private void assertSameKind(String what, float[] actual, float[] expected) {
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

    @Test
    void resultsHaveTheSameBitsWithAnyNeighboursAndThreads() {
        int k = 333;
        int n = 130;
        Random random = new Random(2);
        float[] in = random(random, 300 * k, 1);
        float[] weight = random(random, n * k, 1);
        float[] bias = random(random, n, 1);
        Operation all = (with, workspace, out) -> with.linearGelu(out, tensor(with, workspace, 300, k, in),
                with.linear(source(n, k, weight), bias));
        float[] whole = run(kernels, 300, n, all);
        for (int row : new int[]{0, 1, 127, 128, 131, 299}) {
            float[] one = Arrays.copyOfRange(in, row * k, (row + 1) * k);
            Operation alone = (with, workspace, out) -> with.linearGelu(out,
                    tensor(with, workspace, 1, k, one),
                    with.linear(source(n, k, weight), bias));
            assertThat(run(kernels, 1, n, alone)).as("row %d", row)
                    .isEqualTo(Arrays.copyOfRange(whole, row * n, (row + 1) * n));
        }
        try (Kernels threeThreads = provider.open(arithmetic, 3, 0);
                Kernels oneThread = provider.open(arithmetic, 1, 0)) {
            assertThat(run(threeThreads, 300, n, all)).isEqualTo(whole);
            assertThat(run(oneThread, 300, n, all)).isEqualTo(whole);
        }
    }

    @Test
    void rejectsShapesThatDoNotFit() {
        try (Workspace workspace = kernels.newWorkspace()) {
            Tensor in = workspace.tensor(2, 5);
            Tensor out = workspace.tensor(2, 7);
            Kernels.Linear layer = kernels.linear(source(3, 4, new float[12]), new float[3]);
            assertThatThrownBy(() -> kernels.linear(out, in, layer))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("linear: in is [2, 5] (expected: [2, 4])");
            assertThatThrownBy(() -> kernels.linearGelu(workspace.tensor(2, 3), in, layer))
                    .hasMessage("linearGelu: in is [2, 5] (expected: [2, 4])");
            Tensor fits = workspace.tensor(2, 4);
            assertThatThrownBy(() -> kernels.linearRelu(out, fits, layer))
                    .hasMessage("linearRelu: out is [2, 7] (expected: [2, 3])");
            Kernels.Norm norm = kernels.norm(new float[3], new float[3], 1e-5f);
            Tensor result = workspace.tensor(2, 3);
            assertThatThrownBy(() -> kernels.linearAddNorm(out, fits, layer, result, norm))
                    .hasMessage("linearAddNorm: out is [2, 7] (expected: [2, 3])");
            assertThatThrownBy(() -> kernels.linearAddNorm(result, fits, layer, out, norm))
                    .hasMessage("linearAddNorm: residual is [2, 7] (expected: [2, 3])");
            assertThatThrownBy(() -> kernels.linearAddNorm(result, fits, layer, result,
                    kernels.norm(new float[4], new float[4], 1e-5f)))
                    .hasMessageStartingWith("linearAddNorm: norm");
            assertThatThrownBy(() -> kernels.attention(out, in, new int[]{0, 2}, 1))
                    .hasMessage("attention: queryKeyValue is [2, 5] (expected: [2, 21])");
            assertThatThrownBy(() -> kernels.attention(out, workspace.tensor(2, 21), new int[]{0, 3}, 1))
                    .hasMessage("attention: cumulativeLengths do not ascend from 0 to 2");
            assertThatThrownBy(() -> kernels.attention(out, workspace.tensor(2, 21), new int[]{0, 2}, 2))
                    .hasMessage("attention: headCount: 2 (expected: a divisor of the hidden size 7)");
            assertThatThrownBy(
                    () -> kernels.firstTokenAttention(out, workspace.tensor(2, 21), new int[]{0, 2}, 1))
                    .hasMessage("firstTokenAttention: out is [2, 7] (expected: [1, 7])");
            assertThatThrownBy(() -> kernels.firstTokenAttention(out, workspace.tensor(2, 21),
                    new int[]{0, 2, 2}, 1))
                    .hasMessage("firstTokenAttention: sequence 1 has no tokens (expected: at least 1)");
            assertThatThrownBy(() -> kernels.gatherRows(workspace.tensor(1, 5), in, new int[]{2}))
                    .hasMessage("gatherRows: rows: 2 (expected: 0..1)");
        }
    }

    @Test
    void refusesToWorkWhenClosed() {
        Kernels closed = provider.open(arithmetic, 2, 0);
        closed.close();
        closed.close();
        try (Workspace workspace = closed.newWorkspace()) {
            Tensor tensor = workspace.tensor(2, 3);
            assertThatThrownBy(() -> closed.normalizeRows(tensor, 3))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the kernels are closed");
        }
    }
}
