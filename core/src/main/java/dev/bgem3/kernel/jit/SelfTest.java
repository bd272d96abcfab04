package dev.bgem3.kernel.jit;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.util.Optional;
import java.util.Set;

/**
 * The start-up proof: products of small whole numbers, with every height of tile in either set of kernels and K in unrolled steps
 * and single ones, come out exact.
 */
final class SelfTest {
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

    private SelfTest() {}

    private record Weight() implements MatrixSource {
        @Override
        public int rows() {
            return COLUMNS;
        }

        @Override
        public int columns() {
            return DEPTH;
        }

        @Override
        public void readRow(int row, float[] destination, int offset) {
            for (int k = 0; k < DEPTH; k++) {
                destination[offset + k] = weight(row, k);
            }
        }
    }

    static Optional<String> failure(InstructionSet set, Set<Arithmetic> arithmetics) {
        return arithmetics.stream().map(arithmetic -> failure(set, arithmetic)).flatMap(Optional::stream)
                .findFirst();
    }

    private static float weight(int column, int k) {
        return k == 0 ? -LARGEST : column - 3 * k;
    }

    private static float operand(int row, int k) {
        return k == 0 ? LARGEST : (7 * row + k) % 11 - 5;
    }

    private static Optional<String> failure(InstructionSet set, Arithmetic arithmetic) {
        try (Kernels kernels = set.open(arithmetic, 1); Workspace workspace = kernels.newWorkspace()) {
            Kernels.Linear layer = kernels.linear(new Weight(), new float[COLUMNS]);
            for (int rows : ROWS) {
                float[] in = new float[rows * DEPTH];
                for (int i = 0; i < in.length; i++) {
                    in[i] = operand(i / DEPTH, i % DEPTH);
                }
                Tensor left = workspace.tensor(rows, DEPTH);
                Tensor out = workspace.tensor(rows, COLUMNS);
                kernels.write(left, in);
                kernels.linear(out, left, layer);
                float[] found = new float[rows * COLUMNS];
                kernels.read(found, 0, out, 0, rows);
                Optional<String> failure = failure(arithmetic, found);
                if (failure.isPresent()) {
                    return failure;
                }
            }
            return Optional.empty();
        }
    }

    private static Optional<String> failure(Arithmetic arithmetic, float[] found) {
        for (int i = 0; i < found.length; i++) {
            float expected = 0;
            for (int k = 0; k < DEPTH; k++) {
                expected += operand(i / COLUMNS, k) * weight(i % COLUMNS, k);
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
}
