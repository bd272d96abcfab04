package dev.bgem3.kernel.jit;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The start-up test: runs every kernel of an arithmetic once in each of its variants and compares the results
 * with the reference. Only attention of many queries over more keys than it processes at a time is left to
 * the unit tests, because the reference would take too long.
 *
 * <p>
 * The numbers are small multiples of powers of two, which every arithmetic represents exactly. So sums are
 * exact, and the only errors are the rounding of results to bf16, those of exp and GELU, and the rounding of
 * softmax weights.
 *
 * <p>
 * It runs before a program's first answer, in code that Java has not compiled yet.
 */
public final class JitSelfTest {
    private static final Map<Tried, Optional<String>> FAILURES = new ConcurrentHashMap<>();
    /** The largest number of rows in a product. */
    static final int MAX_ROWS = 31;
    /** The columns of a weight: a whole panel and a partial one. */
    private static final int COLUMNS = 35;
    /** The depth of a product: needs unrolled steps and single ones. */
    private static final int DEPTH = 42;
    /** The size of layers from or to rounded tensors, which are bf16 only if rows are whole cache lines. */
    static final int ROUNDED_SIZE = 64;

    private static final int HEADS = 2;
    private static final int HEAD_SIZE = 16;
    /** The width of a tensor: in bf16 a multiple of a cache line. */
    static final int WIDTH = HEADS * HEAD_SIZE;
    /** Sequences whose queries fill 1, 2 and 3 vectors of 16 numbers, the longest vectors of any set. */
    private static final int[] CUMULATIVE_LENGTHS = {0, 1, 21, 63};
    private static final int TOKENS = CUMULATIVE_LENGTHS[CUMULATIVE_LENGTHS.length - 1];
    /** The number of keys beyond those that attention processes at a time. */
    private static final int MORE_KEYS = 16;

    // Computed once: while not compiled, these loops take most of a comparison's time.
    private static final Numbers WEIGHT = weight(COLUMNS, DEPTH);
    private static final Numbers SQUARE_WEIGHT = weight(ROUNDED_SIZE, ROUNDED_SIZE);
    private static final Numbers OPERANDS = operands(DEPTH);
    private static final Numbers ROUNDED_OPERANDS = operands(ROUNDED_SIZE);
    private static final Numbers RESIDUAL = residual();

    private static final float BF16_ROUNDING = 0x1p-8f;
    /** The rounding of a scale, a quotient by 127. */
    private static final float INT8_ROUNDING = 1e-6f;
    private static final float NORM_ROUNDING = 1e-5f;

    /** The operations to test. */
    private enum Operation {
        LINEAR("linear layer"), RELU("linear layer with ReLU"), GELU("linear layer with GELU"), //
        NORM("linear layer with residual and norm"), TO_ROUNDED("linear layer to a rounded tensor"), //
        GELU_TO_ROUNDED("linear layer with GELU to a rounded tensor"), //
        OF_ROUNDED("linear layer of a rounded tensor"), ATTENTION("attention"), //
        ROUNDED_ATTENTION("attention of rounded tensors"), FIRST_TOKEN_ATTENTION(
                "attention of a first token");

        private final String label;

        Operation(String label) {
            this.label = label;
        }
    }

    private record Tried(KernelSet set, Arithmetic arithmetic) {}

    /** The largest error of a number: an absolute part and one relative to the number. */
    private record Bound(float absolute, float relative) {
        float of(float number) {
            return absolute + relative * Math.abs(number);
        }
    }

    /** A matrix of numbers. */
    private record Numbers(int rows, int columns, float[] values) implements MatrixSource {
        Numbers(int rows, int columns) {
            this(rows, columns, new float[rows * columns]);
        }

        Numbers first(int count) {
            return new Numbers(count, columns, Arrays.copyOf(values, count * columns));
        }

        @Override
        public void readRow(int row, float[] destination, int offset) {
            System.arraycopy(values, row * columns, destination, offset, columns);
        }
    }

    /** One side of the comparison, with the layers in its own layout. */
    private static final class Side {
        private final Kernels kernels;
        private final int[] manyKeys;
        private final Kernels.Linear layer;
        private final Kernels.Linear preciseLayer;
        private final Kernels.Linear square;
        private final Kernels.Linear preciseSquare;
        private final Kernels.Norm norm;
        private final Map<Integer, Kernels.Linear> identities = new HashMap<>();

        Side(Kernels kernels, int keysAtOnce) {
            this.kernels = kernels;
            manyKeys = new int[]{0, keysAtOnce + MORE_KEYS};
            layer = kernels.linear(WEIGHT, bias(COLUMNS));
            preciseLayer = kernels.preciseLinear(WEIGHT, bias(COLUMNS));
            square = kernels.linear(SQUARE_WEIGHT, bias(ROUNDED_SIZE));
            preciseSquare = kernels.preciseLinear(SQUARE_WEIGHT, bias(ROUNDED_SIZE));
            norm = kernels.norm(gamma(), bias(COLUMNS), 1e-5f);
        }

        /**
         * Returns a layer that computes the identity, in an arithmetic that represents these numbers exactly.
         */
        private Kernels.Linear identity(int size) {
            Kernels.Linear identity = identities.get(size);
            if (identity == null) {
                Numbers weight = new Numbers(size, size);
                for (int i = 0; i < size; i++) {
                    weight.values[i * size + i] = 1;
                }
                identity = kernels.preciseLinear(weight, new float[size]);
                identities.put(size, identity);
            }
            return identity;
        }

        private Tensor tensor(Workspace workspace, Numbers numbers) {
            Tensor tensor = workspace.tensor(numbers.rows, numbers.columns);
            kernels.write(tensor, numbers.values);
            return tensor;
        }

        /** Copies numbers into a rounded tensor, which only an operation can write. */
        private Tensor rounded(Workspace workspace, Numbers numbers) {
            Tensor tensor = workspace.roundedTensor(numbers.rows, numbers.columns);
            kernels.linear(tensor, tensor(workspace, numbers), identity(numbers.columns));
            return tensor;
        }

        /** Copies a rounded tensor into one that can be read. */
        private Tensor readable(Workspace workspace, Tensor rounded) {
            Tensor tensor = workspace.tensor(rounded.rows(), rounded.columns());
            kernels.linear(tensor, rounded, identity(rounded.columns()));
            return tensor;
        }

        /** Returns the result of an operation on some rows, with the precise layer or the other one. */
        float[] outcome(Operation operation, boolean precise, int rows) {
            try (Workspace workspace = kernels.newWorkspace()) {
                Tensor out = run(operation, precise, rows, workspace);
                float[] numbers = new float[out.rows() * out.columns()];
                kernels.read(numbers, 0, out, 0, out.rows());
                return numbers;
            }
        }

        private Tensor run(Operation operation, boolean precise, int rows, Workspace workspace) {
            switch (operation) {
                case ATTENTION, ROUNDED_ATTENTION -> {
                    boolean rounded = operation == Operation.ROUNDED_ATTENTION;
                    Numbers numbers = queriesKeysValues(CUMULATIVE_LENGTHS);
                    Tensor in = rounded ? rounded(workspace, numbers) : tensor(workspace, numbers);
                    Tensor out = rounded
                            ? workspace.roundedTensor(TOKENS, WIDTH)
                            : workspace.tensor(TOKENS, WIDTH);
                    kernels.attention(out, in, CUMULATIVE_LENGTHS, HEADS);
                    return rounded ? readable(workspace, out) : out;
                }
                case FIRST_TOKEN_ATTENTION -> {
                    Tensor out = workspace.tensor(1, WIDTH);
                    kernels.firstTokenAttention(out, tensor(workspace, queriesKeysValues(manyKeys)),
                            manyKeys, HEADS);
                    return out;
                }
                case TO_ROUNDED, GELU_TO_ROUNDED, OF_ROUNDED -> {
                    return roundedLayer(operation, precise ? preciseSquare : square, rows, workspace);
                }
                default -> {
                    return layer(operation, precise ? preciseLayer : layer, rows, workspace);
                }
            }
        }

        private Tensor layer(Operation operation, Kernels.Linear linear, int rows, Workspace workspace) {
            Tensor in = tensor(workspace, OPERANDS.first(rows));
            Tensor out = tensor(workspace, RESIDUAL.first(rows));
            switch (operation) {
                case RELU -> kernels.linearRelu(out, in, linear);
                case GELU -> kernels.linearGelu(out, in, linear);
                case NORM -> kernels.linearAddNorm(out, in, linear, out, norm);
                default -> kernels.linear(out, in, linear);
            }
            return out;
        }

        private Tensor roundedLayer(Operation operation, Kernels.Linear linear, int rows,
                Workspace workspace) {
            Numbers numbers = ROUNDED_OPERANDS.first(rows);
            if (operation == Operation.OF_ROUNDED) {
                Tensor out = workspace.tensor(rows, ROUNDED_SIZE);
                kernels.linear(out, rounded(workspace, numbers), linear);
                return out;
            }
            Tensor in = tensor(workspace, numbers);
            Tensor out = workspace.roundedTensor(rows, ROUNDED_SIZE);
            if (operation == Operation.GELU_TO_ROUNDED) {
                kernels.linearGelu(out, in, linear);
            } else {
                kernels.linear(out, in, linear);
            }
            return readable(workspace, out);
        }
    }

    private final Side tried;
    private final Side reference;
    private final Arithmetic arithmetic;
    private final int[] rowCounts;

    private JitSelfTest(Kernels kernels, Kernels reference, Arithmetic arithmetic, int keysAtOnce,
            int... rowCounts) {
        tried = new Side(kernels, keysAtOnce);
        this.reference = new Side(reference, keysAtOnce);
        this.arithmetic = arithmetic;
        this.rowCounts = rowCounts;
    }

    /**
     * Returns the first fault of a set's kernels for an arithmetic; they run once in a process, since the
     * result stays the same.
     */
    public static Optional<String> failure(KernelSet set, Arithmetic arithmetic) {
        return FAILURES.computeIfAbsent(new Tried(set, arithmetic), JitSelfTest::run);
    }

    private static Optional<String> run(Tried tried) {
        try (Kernels kernels = tried.set.open(tried.arithmetic, 1)) {
            return failure(kernels, tried.arithmetic, tried.set.keysAtOnce(), tried.set.selfTestRows());
        }
    }

    /**
     * Returns the first fault of these kernels.
     *
     * @param keysAtOnce
     *            as {@link KernelSet#keysAtOnce()}
     * @param rowCounts
     *            as {@link KernelSet#selfTestRows()}
     */
    static Optional<String> failure(Kernels kernels, Arithmetic arithmetic, int keysAtOnce,
            int... rowCounts) {
        try (Kernels reference = KernelProviders.named("scalar", Arithmetic.FP32).open(Arithmetic.FP32, 1,
                0)) {
            JitSelfTest test = new JitSelfTest(kernels, reference, arithmetic, keysAtOnce, rowCounts);
            for (Operation operation : Operation.values()) {
                Optional<String> fault = operation.compareTo(Operation.ATTENTION) < 0
                        ? test.layerFault(operation)
                        : test.fault(operation, false, 0, test.reference.outcome(operation, false, 0));
                if (fault.isPresent()) {
                    return fault;
                }
            }
            return Optional.empty();
        }
    }

    private Optional<String> layerFault(Operation operation) {
        float[] expected = reference.outcome(operation, false, MAX_ROWS);
        // If operands are scaled, precise layers use another arithmetic.
        int kinds = arithmetic.isScaled() ? 2 : 1;
        for (int rows : rowCounts) {
            for (int precise = 0; precise < kinds; precise++) {
                Optional<String> fault = fault(operation, precise == 1, rows, expected);
                if (fault.isPresent()) {
                    return fault;
                }
            }
        }
        return Optional.empty();
    }

    /** Returns the first result that differs from the expected one by more than the bound. */
    private Optional<String> fault(Operation operation, boolean precise, int rows, float[] expected) {
        float[] found = tried.outcome(operation, precise, rows);
        Bound bound = bound(operation, precise);
        for (int i = 0; i < found.length; i++) {
            if (!(Math.abs(found[i] - expected[i]) <= bound.of(expected[i]))) {
                return Optional.of("the self-test's " + (precise ? "precise " : "") + operation.label + " in "
                        + arithmetic.label()
                        + (rows == 0 ? "" : " of " + rows + " rows") + " is " + found[i] + " at " + i
                        + " (expected: " + expected[i] + " ± " + bound.of(expected[i]) + ")");
            }
        }
        return Optional.empty();
    }

    /**
     * Returns the bound on the error of a result. If attention is in bf16, its weights and values each have a
     * relative error of 2⁻⁸, and values are at most 1, so their error is at most 2⁻⁷; that of exponentials is
     * 8e-5. If products round as much as bf16, a shorter GELU is used, whose error is 4e-5 + 6e-6·|z|, with
     * |z| below 41.
     */
    private Bound bound(Operation operation, boolean precise) {
        boolean exact = !arithmetic.isNoFinerThan(Arithmetic.BF16);
        float sum = arithmetic.isScaled() && !precise ? INT8_ROUNDING : 0;
        float toBf16 = exact ? 0 : BF16_ROUNDING;
        float gelu = exact ? 1e-5f : 3e-4f;
        float attention = exact ? 2e-5f : 2 * BF16_ROUNDING + 1e-3f;
        return switch (operation) {
            case LINEAR, RELU, OF_ROUNDED -> new Bound(sum, sum);
            case GELU -> new Bound(sum + gelu, sum);
            case NORM -> new Bound(sum + NORM_ROUNDING, sum + NORM_ROUNDING);
            case TO_ROUNDED -> new Bound(sum, sum + toBf16);
            case GELU_TO_ROUNDED -> new Bound(sum + gelu, sum + toBf16);
            case ATTENTION, FIRST_TOKEN_ATTENTION -> new Bound(attention, 0);
            case ROUNDED_ATTENTION -> new Bound(attention, toBf16);
        };
    }

    /**
     * Creates a weight whose first two factors are the largest and cancel, so that int8's step is that of the
     * numbers while sums stay near 1.
     */
    private static Numbers weight(int columns, int depth) {
        Numbers weight = new Numbers(columns, depth);
        for (int i = 0; i < weight.values.length; i++) {
            int k = i % depth;
            weight.values[i] = (k == 0 ? -127 : k == 1 ? 127 : (5 * (i / depth) + 11 * k) % 61 - 30)
                    * 0x1p-9f;
        }
        return weight;
    }

    private static Numbers operands(int depth) {
        Numbers operands = new Numbers(MAX_ROWS, depth);
        for (int i = 0; i < operands.values.length; i++) {
            int row = i / depth;
            int k = i % depth;
            operands.values[i] = k < 2 ? row % 2 == 0 ? 127 : -127 : (7 * row + 3 * k) % 23 - 11;
        }
        return operands;
    }

    private static Numbers residual() {
        Numbers residual = new Numbers(MAX_ROWS, COLUMNS);
        for (int i = 0; i < residual.values.length; i++) {
            residual.values[i] = (i / COLUMNS + 3 * (i % COLUMNS)) % 9 - 4;
        }
        return residual;
    }

    private static float[] bias(int columns) {
        float[] bias = new float[columns];
        for (int i = 0; i < columns; i++) {
            bias[i] = (i % 7 - 3) * 0.25f;
        }
        return bias;
    }

    private static float[] gamma() {
        float[] gamma = new float[COLUMNS];
        for (int i = 0; i < COLUMNS; i++) {
            gamma[i] = (i % 5 + 1) * 0.5f;
        }
        return gamma;
    }

    /**
     * Creates multiples of 1/8 up to 1, without a period. The last key of a sequence is three times its first
     * query, and a middle one twice: the last key has the largest score, so that the sums of earlier blocks
     * are rescaled.
     */
    private static Numbers queriesKeysValues(int[] cumulativeLengths) {
        Numbers qkv = new Numbers(cumulativeLengths[cumulativeLengths.length - 1], 3 * WIDTH);
        for (int i = 0; i < qkv.values.length; i++) {
            qkv.values[i] = ((i * 0x9E3779B1 >>> 20) % 17 - 8) * 0.125f;
        }
        for (int s = 0; s + 1 < cumulativeLengths.length; s++) {
            int first = cumulativeLengths[s];
            int last = cumulativeLengths[s + 1] - 1;
            for (int i = 0; i < WIDTH; i++) {
                float query = qkv.values[first * qkv.columns + i];
                qkv.values[(first + last) / 2 * qkv.columns + WIDTH + i] = 2 * query;
                qkv.values[last * qkv.columns + WIDTH + i] = 3 * query;
            }
        }
        return qkv;
    }
}
