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
 * The start-up proof: runs every kernel of an arithmetic once in each way that it has, and compares the
 * results with the reference. Only attention of many queries over more keys than it takes at a time is left
 * to the tests, as the reference takes too long for it.
 *
 * <p>
 * The numbers are small multiples of powers of two, which all arithmetics have without rounding. So sums are
 * exact, and what is left to be off by is rounding of results to bf16, the accuracy of exp and GELU, and the
 * softmax's own weights.
 *
 * <p>
 * It runs before a program's first answer, in code that Java has not compiled: there are no lambdas, each of
 * which Java would set up anew.
 */
public final class SelfTest {
    private static final Map<Tried, Optional<String>> FAILURES = new ConcurrentHashMap<>();
    /** The most rows of a product. */
    static final int MAX_ROWS = 31;
    /** A whole panel and a part of one. */
    private static final int COLUMNS = 35;
    /** In unrolled steps and single ones. */
    private static final int DEPTH = 42;
    /** Of layers from or to rounded tensors, which are in bf16 only where rows are whole cache lines. */
    static final int ROUNDED_SIZE = 64;

    private static final int HEADS = 2;
    private static final int HEAD_SIZE = 16;
    /** Whole cache lines in bf16. */
    static final int WIDTH = HEADS * HEAD_SIZE;
    /** Sequences whose queries fill 1, 2 and 3 vectors of AVX-512. */
    private static final int[] CUMULATIVE_LENGTHS = {0, 1, 21, 63};
    private static final int TOKENS = CUMULATIVE_LENGTHS[CUMULATIVE_LENGTHS.length - 1];
    /** How many more keys there are than attention takes at a time. */
    private static final int MORE_KEYS = 16;

    // Made once: their loops are most of a comparison's time while Java has not compiled them.
    private static final Numbers WEIGHT = weight(COLUMNS, DEPTH);
    private static final Numbers SQUARE_WEIGHT = weight(ROUNDED_SIZE, ROUNDED_SIZE);
    private static final Numbers OPERANDS = operands(DEPTH);
    private static final Numbers ROUNDED_OPERANDS = operands(ROUNDED_SIZE);
    private static final Numbers RESIDUAL = residual();

    private static final float BF16_ROUNDING = 0x1p-8f;
    /** A step's quotient by 127 is rounded. */
    private static final float INT8_ROUNDING = 1e-6f;
    private static final float NORM_ROUNDING = 1e-5f;

    /** What is tried. */
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

    /** What a number may be off by: this, and that part of itself. */
    private record Bound(float absolute, float relative) {
        float of(float number) {
            return absolute + relative * Math.abs(number);
        }
    }

    /** Numbers in rows. */
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

        /** What gives back what it is given, in an arithmetic that has these numbers without rounding. */
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

        /** Numbers in a rounded tensor, which only an operation can write. */
        private Tensor rounded(Workspace workspace, Numbers numbers) {
            Tensor tensor = workspace.roundedTensor(numbers.rows, numbers.columns);
            kernels.linear(tensor, tensor(workspace, numbers), identity(numbers.columns));
            return tensor;
        }

        /** A rounded tensor's numbers in one that can be read. */
        private Tensor readable(Workspace workspace, Tensor rounded) {
            Tensor tensor = workspace.tensor(rounded.rows(), rounded.columns());
            kernels.linear(tensor, rounded, identity(rounded.columns()));
            return tensor;
        }

        /** What comes of an operation on so many rows, and with the precise layer or the other. */
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

    private SelfTest(Kernels kernels, Kernels reference, Arithmetic arithmetic, int keysAtOnce,
            int... rowCounts) {
        tried = new Side(kernels, keysAtOnce);
        this.reference = new Side(reference, keysAtOnce);
        this.arithmetic = arithmetic;
        this.rowCounts = rowCounts;
    }

    /**
     * What is wrong with the set's kernels for that arithmetic; they are run once in a process, as the result
     * stays the same.
     */
    public static Optional<String> failure(KernelSet set, Arithmetic arithmetic) {
        return FAILURES.computeIfAbsent(new Tried(set, arithmetic), SelfTest::run);
    }

    private static Optional<String> run(Tried tried) {
        try (Kernels kernels = tried.set.open(tried.arithmetic, 1)) {
            return failure(kernels, tried.arithmetic, tried.set.keysAtOnce(), tried.set.selfTestRows());
        }
    }

    /**
     * What is wrong with these kernels.
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
            SelfTest test = new SelfTest(kernels, reference, arithmetic, keysAtOnce, rowCounts);
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
        // Where operands are scaled, precise layers are in another arithmetic.
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

    /** Where the first numbers that are expected, and those found, differ by more than they may. */
    private Optional<String> fault(Operation operation, boolean precise, int rows, float[] expected) {
        float[] found = tried.outcome(operation, precise, rows);
        Bound bound = bound(operation, precise);
        for (int i = 0; i < found.length; i++) {
            if (!(Math.abs(found[i] - expected[i]) <= bound.of(expected[i]))) {
                return Optional.of("the self-test's " + (precise ? "precise " : "") + operation.label + " in "
                        + arithmetic.label()
                        + (rows == 0 ? "" : " of " + rows + " rows") + " makes number " + i + ' ' + found[i]
                        + " (expected: " + expected[i] + " ± " + bound.of(expected[i]) + ")");
            }
        }
        return Optional.empty();
    }

    /**
     * What a number may be off by. A weight of attention and a value are each off by 2⁻⁸ of themselves where
     * attention is in bf16, and values are at most 1: by 2⁻⁷ at most, and exponentials by 8e-5. Where
     * products round their operands, a shorter GELU serves, off by 4e-5 + 6e-6·|z|, and |z| is below 41.
     */
    private Bound bound(Operation operation, boolean precise) {
        boolean exact = switch (arithmetic) {
            case FP32 -> true;
            case FP16, BF16, INT8 -> false;
        };
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
     * The first two factors are the largest and cancel, so that int8's steps are those of the numbers while
     * sums are near 1.
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
     * Multiples of 1/8 up to 1, without a period. The last key of a sequence is three times its first query,
     * and a middle one twice: it has the largest score of all, so that what was summed in a block before it
     * is scaled.
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
