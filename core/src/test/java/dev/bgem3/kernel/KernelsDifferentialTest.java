package dev.bgem3.kernel;

import static dev.bgem3.testsupport.Floats.assertClose;
import static dev.bgem3.testsupport.Floats.random;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Compares operations on rows with the reference, and tests all operations with non-finite numbers, wrong
 * shapes and after closing, see {@link AgainstScalar}.
 */
@ParameterizedClass
@MethodSource("providers")
class KernelsDifferentialTest extends AgainstScalar {
    KernelsDifferentialTest(KernelProvider provider, Arithmetic arithmetic) {
        super(provider, arithmetic);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 13, 15, 16, 17, 31, 32, 33, 207, 1024, 4098})
    void rowOperationsAgree(int columns) {
        int rows = 37;
        Random random = new Random(columns);
        float[] in = random(random, rows * columns, 3);
        Arrays.fill(in, 0, columns, 0); // a row of length 0
        int kept = Math.max(1, columns * 2 / 3);
        Operation normalize = (with, workspace, out) -> {
            with.write(out, in);
            with.normalizeRows(out, kept);
        };
        float[] normalized = run(reference, rows, columns, normalize);
        // Both sum in double precision and round once; the order of the sum may change that rounding.
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
                with.table(MatrixSource.of(50, columns, words)),
                with.table(MatrixSource.of(40, columns, positions)), type,
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

    /**
     * Non-finite results must be in the same places as in the reference: an operation that hid them would
     * silently return wrong numbers.
     */
    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 3e38f,
            Float.MIN_VALUE})
    void nonFiniteAndExtremeNumbersAgree(float value) {
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
                with.linear(MatrixSource.of(n, k, weight), bias));
        assertSameKind("linear", run(kernels, m, n, linear), run(reference, m, n, linear));
        Operation relu = (with, workspace, out) -> with.linearRelu(out, tensor(with, workspace, m, k, in),
                with.linear(MatrixSource.of(n, k, weight), bias));
        float[] expected = run(reference, m, n, relu);
        if (arithmetic.isScaled() && !Float.isFinite(value)) {
            // A row has one scale, so all its numbers become NaN.
            Arrays.fill(expected, 5 * n, 6 * n, Float.NaN);
        }
        assertSameKind("linearRelu", run(kernels, m, n, relu), expected);
        Operation gelu = (with, workspace, out) -> with.linearGelu(out, tensor(with, workspace, m, k, in),
                with.linear(MatrixSource.of(n, k, weight), bias));
        assertSameKind("linearGelu", run(kernels, m, n, gelu), run(reference, m, n, gelu));

        Operation normalize = (with, workspace, out) -> {
            with.write(out, in);
            with.normalizeRows(out, k);
        };
        assertSameKind("normalizeRows", run(kernels, m, k, normalize), run(reference, m, k, normalize));
        if (value == 3e38f) {
            // Attention multiplies two activations, which overflows in fp32, as in PyTorch, but not in double
            // precision.
            return;
        }
        int t = 70;
        int c = 64;
        float[] qkv = random(random, t * 3 * c, 1);
        // In a query, a key and a value.
        for (int place : new int[]{7 * 3 * c + 2, 9 * 3 * c + c + 5, 11 * 3 * c + 2 * c + 8}) {
            float[] changed = qkv.clone();
            changed[place] = value;
            Operation attention = (with, workspace, out) -> with.attention(out,
                    tensor(with, workspace, t, 3 * c, changed), new int[]{0, 40, t}, 1);
            assertSameKind("attention", run(kernels, t, c, attention), run(reference, t, c, attention));
        }
    }

    @Test
    void rejectsShapesThatDoNotFit() {
        try (Workspace workspace = kernels.newWorkspace()) {
            Tensor in = workspace.tensor(2, 5);
            Tensor out = workspace.tensor(2, 7);
            Kernels.Linear layer = kernels.linear(MatrixSource.of(3, 4, new float[12]), new float[3]);
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
    void throwsWhenClosed() {
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
