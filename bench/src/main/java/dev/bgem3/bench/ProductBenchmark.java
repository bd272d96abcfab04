package dev.bgem3.bench;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.util.Random;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/**
 * The three fused products of an encoder layer: queries, keys and values together (C → 3·C), the first half
 * of the feed-forward part with GELU (C → F), and its second half with residual and layer norm (F → C).
 */
public class ProductBenchmark extends KernelBenchmark {
    private static final long SEED = 1;
    private static final int CHECKED_ROWS = 8;

    /** The number of tokens T, the rows of the product. */
    @Param({"16", "128", "1024"})
    int tokens;

    /** The intermediate size F; BGE-M3's by default. */
    @Param("4096")
    int intermediateSize;

    private Layer layer;

    /** Weights [N, K] whose products with N(0, 1) inputs are N(0, 1) again, and biases [N]. */
    private record Weights(int inputSize, int outputSize, float[] weight, float[] bias) {
        static Weights random(Random random, int inputSize, int outputSize) {
            return new Weights(inputSize, outputSize,
                    Operands.gaussian(random, inputSize * outputSize, 1 / Math.sqrt(inputSize)),
                    Operands.gaussian(random, outputSize, 1));
        }

        Kernels.Linear linear(Kernels kernels) {
            return kernels.linear(MatrixSource.of(outputSize, inputSize, weight), bias);
        }
    }

    /** The operands of the three products: hidden [T, C], intermediate [T, F], gamma and beta [C]. */
    private record Values(float[] hidden, float[] intermediate, Weights queryKeyValue, Weights widening,
            Weights narrowing, float[] gamma, float[] beta) {
        static Values random(int tokens, int hiddenSize, int intermediateSize) {
            Random random = new Random(SEED);
            return new Values(Operands.gaussian(random, tokens * hiddenSize, 1),
                    Operands.gaussian(random, tokens * intermediateSize, 1),
                    Weights.random(random, hiddenSize, 3 * hiddenSize),
                    Weights.random(random, hiddenSize, intermediateSize),
                    Weights.random(random, intermediateSize, hiddenSize),
                    Operands.gaussian(random, hiddenSize, 1), Operands.gaussian(random, hiddenSize, 1));
        }

        Values rows(int... rows) {
            return new Values(Operands.rows(hidden, gamma.length, rows),
                    Operands.rows(intermediate, narrowing.inputSize, rows), queryKeyValue, widening,
                    narrowing,
                    gamma, beta);
        }
    }

    /** The operands in a provider's memory. */
    private static final class Layer {
        private final Kernels kernels;
        private final Tensor hidden;
        private final Tensor intermediate;
        private final Kernels.Linear queryKeyValue;
        private final Kernels.Linear widening;
        private final Kernels.Linear narrowing;
        private final Kernels.Norm norm;
        final Tensor queryKeyValueOut;
        final Tensor widenedOut;
        final Tensor narrowedOut;

        Layer(Kernels kernels, Workspace workspace, Values values) {
            this.kernels = kernels;
            hidden = Operands.tensor(kernels, workspace, values.queryKeyValue.inputSize, values.hidden);
            intermediate = Operands.tensor(kernels, workspace, values.narrowing.inputSize,
                    values.intermediate);
            queryKeyValue = values.queryKeyValue.linear(kernels);
            widening = values.widening.linear(kernels);
            narrowing = values.narrowing.linear(kernels);
            norm = kernels.norm(values.gamma, values.beta, 1e-5f);
            queryKeyValueOut = workspace.tensor(hidden.rows(), queryKeyValue.outputSize());
            widenedOut = workspace.tensor(hidden.rows(), widening.outputSize());
            narrowedOut = workspace.tensor(hidden.rows(), narrowing.outputSize());
        }

        void linear() {
            kernels.linear(queryKeyValueOut, hidden, queryKeyValue);
        }

        void linearGelu() {
            kernels.linearGelu(widenedOut, hidden, widening);
        }

        void linearAddNorm() {
            kernels.linearAddNorm(narrowedOut, intermediate, narrowing, hidden, norm);
        }

        void all() {
            linear();
            linearGelu();
            linearAddNorm();
        }
    }

    /**
     * Converts the weights to the kernels' layout, and compares some rows of each product with those of the
     * scalar kernels; some rows are enough because a row depends on no other.
     */
    @Setup
    public void open() {
        openKernels();
        Values values = Values.random(tokens, hiddenSize, intermediateSize);
        layer = new Layer(measured, workspace, values);
        layer.all();
        int[] rows = Operands.spread(tokens, CHECKED_ROWS);
        try (Kernels scalar = openReference(); Workspace memory = scalar.newWorkspace()) {
            Layer reference = new Layer(scalar, memory, values.rows(rows));
            reference.all();
            check("linear", layer.queryKeyValueOut, rows, scalar, reference.queryKeyValueOut);
            check("linearGelu", layer.widenedOut, rows, scalar, reference.widenedOut);
            check("linearAddNorm", layer.narrowedOut, rows, scalar, reference.narrowedOut);
        }
    }

    private void check(String what, Tensor actual, int[] rows, Kernels scalar, Tensor expected) {
        Agreement.check(what, Operands.rows(Operands.read(measured, actual), actual.columns(), rows),
                Operands.read(scalar, expected), tolerance());
    }

    /** Measures C → 3·C. */
    @Benchmark
    public void linear(Operations done) {
        layer.linear();
        done.gigaFlops += 2e-9 * tokens * hiddenSize * 3 * hiddenSize;
    }

    /** Measures C → F with GELU. */
    @Benchmark
    public void linearGelu(Operations done) {
        layer.linearGelu();
        done.gigaFlops += 2e-9 * tokens * hiddenSize * intermediateSize;
    }

    /** Measures F → C with residual and layer norm. */
    @Benchmark
    public void linearAddNorm(Operations done) {
        layer.linearAddNorm();
        done.gigaFlops += 2e-9 * tokens * intermediateSize * hiddenSize;
    }
}
