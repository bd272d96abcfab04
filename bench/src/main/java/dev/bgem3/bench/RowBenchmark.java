package dev.bgem3.bench;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.util.Random;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * The operations that kernels fuse with products, measured with the smallest possible products: GELU and the
 * layer norm after products of depth 1, and softmax between attention's products with heads of size 1.
 */
public class RowBenchmark extends KernelBenchmark {
    private static final long SEED = 6;

    /** The number of tokens T. */
    @Param("1024")
    int tokens;

    /** The intermediate size F, the width of GELU's rows; BGE-M3's by default. */
    @Param("4096")
    int intermediateSize;

    /** The number of heads, each with a softmax of T × T scores. */
    @Param("16")
    int headCount;

    private Rows rows;

    /** Counts elements. */
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class Elements {
        /** The elements of this iteration, in units of 10⁶. */
        public double megaElements;
    }

    /** The operands and results in a provider's memory. */
    private static final class Rows {
        private final Kernels kernels;
        private final Tensor column;
        private final Tensor residual;
        private final Tensor queryKeyValue;
        private final int[] cumulativeLengths;
        private final Kernels.Linear widening;
        private final Kernels.Linear spreading;
        private final Kernels.Norm norm;
        final Tensor activated;
        final Tensor normalized;
        final Tensor attended;

        Rows(Kernels kernels, Workspace workspace, int tokens, int hiddenSize, int intermediateSize,
                int headCount) {
            Random random = new Random(SEED);
            this.kernels = kernels;
            column = Operands.tensor(kernels, workspace, 1, Operands.gaussian(random, tokens, 1));
            residual = Operands.tensor(kernels, workspace, hiddenSize,
                    Operands.gaussian(random, tokens * hiddenSize, 1));
            queryKeyValue = Operands.tensor(kernels, workspace, 3 * headCount,
                    Operands.gaussian(random, tokens * 3 * headCount, 1));
            cumulativeLengths = new int[]{0, tokens};
            widening = linear(kernels, random, intermediateSize);
            spreading = linear(kernels, random, hiddenSize);
            norm = kernels.norm(Operands.gaussian(random, hiddenSize, 1),
                    Operands.gaussian(random, hiddenSize, 1), 1e-5f);
            activated = workspace.tensor(tokens, intermediateSize);
            normalized = workspace.tensor(tokens, hiddenSize);
            attended = workspace.tensor(tokens, headCount);
        }

        private static Kernels.Linear linear(Kernels kernels, Random random, int outputSize) {
            return kernels.linear(MatrixSource.of(outputSize, 1, Operands.gaussian(random, outputSize, 1)),
                    Operands.gaussian(random, outputSize, 1));
        }

        void gelu() {
            kernels.linearGelu(activated, column, widening);
        }

        void norm() {
            kernels.linearAddNorm(normalized, column, spreading, residual, norm);
        }

        void softmax() {
            kernels.attention(attended, queryKeyValue, cumulativeLengths, queryKeyValue.columns() / 3);
        }
    }

    /** Draws the operands, and compares all results with those of the scalar kernels. */
    @Setup
    public void open() {
        openKernels();
        rows = new Rows(measured, workspace, tokens, hiddenSize, intermediateSize, headCount);
        try (Kernels scalar = openReference(); Workspace memory = scalar.newWorkspace()) {
            Rows expected = new Rows(scalar, memory, tokens, hiddenSize, intermediateSize, headCount);
            for (Rows each : new Rows[]{rows, expected}) {
                each.gelu();
                each.norm();
                each.softmax();
            }
            check("gelu", rows.activated, scalar, expected.activated);
            check("norm", rows.normalized, scalar, expected.normalized);
            check("softmax", rows.attended, scalar, expected.attended);
        }
    }

    private void check(String what, Tensor actual, Kernels scalar, Tensor expected) {
        Agreement.check(what, Operands.read(measured, actual), Operands.read(scalar, expected), tolerance());
    }

    /** Measures GELU of T × F elements. */
    @Benchmark
    public void gelu(Elements done) {
        rows.gelu();
        done.megaElements += 1e-6 * tokens * intermediateSize;
    }

    /** Measures the layer norm of T rows of C numbers, with a residual. */
    @Benchmark
    public void norm(Elements done) {
        rows.norm();
        done.megaElements += 1e-6 * tokens * hiddenSize;
    }

    /** Measures softmax of T × T scores for each head. */
    @Benchmark
    public void softmax(Elements done) {
        rows.softmax();
        done.megaElements += 1e-6 * tokens * tokens * headCount;
    }
}
