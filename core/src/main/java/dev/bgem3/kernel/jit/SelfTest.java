package dev.bgem3.kernel.jit;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntBinaryOperator;

/**
 * The start-up proof, in two parts. Products of small whole numbers, with every height of tile in either set of kernels and K in
 * unrolled steps and single ones, come out exact. And what a small model's layer makes, by every kernel that there is, is what the
 * plain reference makes of it, to the arithmetic's roundings.
 */
final class SelfTest {
    private static final Map<Tried, Optional<String>> FAILURES = new ConcurrentHashMap<>();
    /**
     * In AVX-512, as few rows, 12 + 8 + 2 + 1, 4 + 2 + 1 and those below, and as more 12 + 8 + 8 and 12 + 12 + 4 + 2 + 1; in AVX2
     * 6 + 6 + 6 + 5, 6 + 1 and those below.
     */
    private static final int[] ROWS = {23, 28, 31, 7, 2, 3, 4};
    private static final int COLUMNS = 35;
    private static final int DEPTH = 42;
    /** The largest number of each row, so that int8's step is 1, but for the rounding of 1/127. */
    private static final float LARGEST = 127;
    private static final float INT8_ROUNDING = 1e-6f;

    /** The layer's sizes: one head, so few that the reference takes milliseconds. */
    private static final int HIDDEN = 16;
    private static final int INTERMEDIATE = 40;
    /** Sequences whose queries fill 1, 2 and 3 vectors of AVX-512. */
    private static final int[] CUMULATIVE_LENGTHS = {0, 1, 21, 63};
    /** One sequence of more keys than attention takes at a time. */
    private static final int MANY_TOKENS = 400;

    private SelfTest() {}

    private record Tried(InstructionSet set, Arithmetic arithmetic) {}

    /** Numbers by row and column, in units that all arithmetics have without rounding. */
    private record Weight(int rows, int columns, float unit,
            IntBinaryOperator number) implements MatrixSource {
        @Override
        public void readRow(int row, float[] destination, int offset) {
            for (int k = 0; k < columns; k++) {
                destination[offset + k] = unit * number.applyAsInt(row, k);
            }
        }
    }

    /** What is wrong with the code for that arithmetic; tried once in a process, as it stays the same. */
    static Optional<String> failure(InstructionSet set, Arithmetic arithmetic) {
        return FAILURES.computeIfAbsent(new Tried(set, arithmetic), SelfTest::run);
    }

    private static Optional<String> run(Tried tried) {
        try (Kernels kernels = tried.set.open(tried.arithmetic, 1)) {
            return failure(kernels, tried.arithmetic);
        }
    }

    /** What is wrong with these kernels. */
    static Optional<String> failure(Kernels kernels, Arithmetic arithmetic) {
        return products(kernels, arithmetic).or(() -> {
            try (Kernels reference = KernelProviders.named("scalar", Arithmetic.FP32).open(Arithmetic.FP32, 1,
                    0)) {
                return difference(arithmetic, layer(kernels), layer(reference));
            }
        });
    }

    private static Optional<String> products(Kernels kernels, Arithmetic arithmetic) {
        try (Workspace workspace = kernels.newWorkspace()) {
            Kernels.Linear layer = kernels.linear(new Weight(COLUMNS, DEPTH, 1, SelfTest::whole),
                    new float[COLUMNS]);
            for (int rows : ROWS) {
                Tensor left = workspace.tensor(rows, DEPTH);
                Tensor out = workspace.tensor(rows, COLUMNS);
                kernels.write(left, numbers(new Weight(rows, DEPTH, 1, SelfTest::operand)));
                kernels.linear(out, left, layer);
                Optional<String> failure = difference(arithmetic, read(kernels, out));
                if (failure.isPresent()) {
                    return failure;
                }
            }
            return Optional.empty();
        }
    }

    private static int whole(int column, int k) {
        return k == 0 ? -(int) LARGEST : column - 3 * k;
    }

    private static int operand(int row, int k) {
        return k == 0 ? (int) LARGEST : (7 * row + k) % 11 - 5;
    }

    private static float[] numbers(Weight matrix) {
        float[] numbers = new float[matrix.rows * matrix.columns];
        for (int row = 0; row < matrix.rows; row++) {
            matrix.readRow(row, numbers, row * matrix.columns);
        }
        return numbers;
    }

    private static float[] read(Kernels kernels, Tensor tensor) {
        float[] numbers = new float[tensor.rows() * tensor.columns()];
        kernels.read(numbers, 0, tensor, 0, tensor.rows());
        return numbers;
    }

    private static Optional<String> difference(Arithmetic arithmetic, float[] found) {
        for (int i = 0; i < found.length; i++) {
            float expected = 0;
            for (int k = 0; k < DEPTH; k++) {
                expected += (float) operand(i / COLUMNS, k) * whole(i % COLUMNS, k);
            }
            // Whole numbers this small are exact in bf16 too.
            float bound = arithmetic == Arithmetic.INT8 ? INT8_ROUNDING * Math.abs(expected) : 0;
            if (!(Math.abs(found[i] - expected) <= bound)) {
                return Optional.of("the self-test's " + arithmetic + " product is " + found[i] + " at ["
                        + i / COLUMNS + ", " + i % COLUMNS + "] (expected: " + expected + ")");
            }
        }
        return Optional.empty();
    }

    /** What a layer makes of three sequences, a precise linear layer with ReLU of that, and attention over many keys. */
    private static float[][] layer(Kernels kernels) {
        try (Workspace workspace = kernels.newWorkspace()) {
            Kernels.Linear queryKeyValue = kernels.linear(weight(3 * HIDDEN, HIDDEN), bias(3 * HIDDEN));
            Kernels.Linear attentionOutput = kernels.linear(weight(HIDDEN, HIDDEN), bias(HIDDEN));
            Kernels.Linear intermediate = kernels.linear(weight(INTERMEDIATE, HIDDEN), bias(INTERMEDIATE));
            Kernels.Linear output = kernels.linear(weight(HIDDEN, INTERMEDIATE), bias(HIDDEN));
            Kernels.Linear precise = kernels.preciseLinear(weight(HIDDEN, HIDDEN), bias(HIDDEN));
            Kernels.Norm norm = kernels.norm(bias(HIDDEN), bias(HIDDEN), 1e-5f);
            int tokens = CUMULATIVE_LENGTHS[CUMULATIVE_LENGTHS.length - 1];
            Tensor x = input(kernels, workspace, tokens);
            Tensor attended = workspace.roundedTensor(tokens, HIDDEN);
            Tensor projected = workspace.roundedTensor(tokens, 3 * HIDDEN);
            kernels.linear(projected, x, queryKeyValue);
            kernels.attention(attended, projected, CUMULATIVE_LENGTHS, 1);
            kernels.linearAddNorm(x, attended, attentionOutput, x, norm);
            kernels.feedForward(x, workspace.roundedTensor(kernels.feedForwardRows(tokens), INTERMEDIATE),
                    intermediate, output, norm);
            Tensor positive = workspace.tensor(tokens, HIDDEN);
            kernels.linearRelu(positive, x, precise);

            // Kept in fp32, by the kernels that write and read such tensors.
            Tensor many = workspace.tensor(MANY_TOKENS, 3 * HIDDEN);
            Tensor first = workspace.tensor(1, HIDDEN);
            kernels.linear(many, input(kernels, workspace, MANY_TOKENS), queryKeyValue);
            kernels.firstTokenAttention(first, many, new int[]{0, MANY_TOKENS}, 1);
            return new float[][]{read(kernels, x), read(kernels, positive), read(kernels, first)};
        }
    }

    private static Tensor input(Kernels kernels, Workspace workspace, int tokens) {
        Tensor x = workspace.tensor(tokens, HIDDEN);
        kernels.write(x,
                numbers(new Weight(tokens, HIDDEN, 0.25f, (token, i) -> (5 * token + 3 * i) % 13 - 6)));
        return x;
    }

    private static Weight weight(int outputSize, int inputSize) {
        return new Weight(outputSize, inputSize, 0.0625f, (row, k) -> (7 * row + 5 * k) % 11 - 5);
    }

    private static float[] bias(int size) {
        return numbers(new Weight(1, size, 0.125f, (_, i) -> i % 5 + 3));
    }

    /**
     * The numbers are about 1. Rounding moves them by some steps of 2⁻⁹ in bf16 and 1/127 in int8, and code that is wrong by about
     * their own size: the bound lies between.
     */
    private static Optional<String> difference(Arithmetic arithmetic, float[][] found, float[][] expected) {
        float bound = arithmetic == Arithmetic.FP32 ? 1e-4f : 0.1f;
        for (int part = 0; part < found.length; part++) {
            for (int i = 0; i < found[part].length; i++) {
                if (!(Math.abs(found[part][i] - expected[part][i]) <= bound)) {
                    return Optional.of("the self-test's " + arithmetic + " layer makes " + found[part][i]
                            + " of number " + i + " of part " + part + " (expected: " + expected[part][i]
                            + " by the reference, within " + bound + ")");
                }
            }
        }
        return Optional.empty();
    }
}
