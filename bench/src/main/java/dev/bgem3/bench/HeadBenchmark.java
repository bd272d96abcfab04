package dev.bgem3.bench;

import dev.bgem3.head.ColbertHead;
import dev.bgem3.head.DenseHead;
import dev.bgem3.head.SparseHead;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Each of the three heads, from the encoder's output to Java arrays. */
public class HeadBenchmark extends KernelBenchmark {
    private static final long SEED = 7;

    /** The number of texts × the tokens of each. */
    @Param("8x128")
    String texts;

    private BatchShape shape;
    private Heads heads;

    /** The heads with their operands in a provider's memory. */
    private static final class Heads {
        private final Kernels kernels;
        private final Workspace workspace;
        private final DenseHead dense;
        private final SparseHead sparse;
        private final ColbertHead colbert;
        private final float[] hidden;
        private final int[] cumulativeLengths;

        Heads(Kernels kernels, Workspace workspace, BatchShape shape, int hiddenSize) {
            Random random = new Random(SEED);
            this.kernels = kernels;
            this.workspace = workspace;
            dense = new DenseHead(kernels, List.of());
            sparse = new SparseHead(kernels, weight(random, 1, hiddenSize), new float[1]);
            colbert = new ColbertHead(kernels, weight(random, hiddenSize, hiddenSize),
                    Operands.gaussian(random, hiddenSize, 1));
            hidden = Operands.gaussian(random, shape.allTokens() * hiddenSize, 1);
            cumulativeLengths = IntStream.rangeClosed(0, shape.texts()).map(i -> i * shape.tokens())
                    .toArray();
        }

        private static MatrixSource weight(Random random, int rows, int columns) {
            return MatrixSource.of(rows, columns,
                    Operands.gaussian(random, rows * columns, 1 / Math.sqrt(columns)));
        }

        /**
         * Returns the encoder's output in a reset workspace; call this before each head, because heads
         * allocate from the workspace.
         */
        private Tensor input() {
            workspace.reset();
            int columns = hidden.length / cumulativeLengths[cumulativeLengths.length - 1];
            return Operands.tensor(kernels, workspace, columns, hidden);
        }

        float[][] dense() {
            Tensor in = input();
            return dense.vectors(workspace, in, cumulativeLengths, DenseHead.Pooling.CLS, in.columns(), true);
        }

        float[] sparse() {
            return sparse.tokenWeights(workspace, input());
        }

        float[][] colbert() {
            return colbert.vectors(workspace, input(), cumulativeLengths);
        }
    }

    /** Draws weights and inputs, and compares all outputs with those of the scalar kernels. */
    @Setup
    public void open() {
        openKernels();
        shape = BatchShape.parse(texts);
        heads = new Heads(measured, workspace, shape, hiddenSize);
        try (Kernels scalar = openReference(); Workspace memory = scalar.newWorkspace()) {
            Heads expected = new Heads(scalar, memory, shape, hiddenSize);
            check("dense", heads.dense(), expected.dense());
            check("sparse", new float[][]{heads.sparse()}, new float[][]{expected.sparse()});
            check("colbert", heads.colbert(), expected.colbert());
        }
    }

    private void check(String what, float[][] actual, float[][] expected) {
        for (int i = 0; i < expected.length; i++) {
            Agreement.check(what + " " + i, actual[i], expected[i], tolerance());
        }
    }

    /** Measures normalising the first tokens' rows; all three measurements include copying the input. */
    @Benchmark
    public float[][] dense(Tokens done) {
        done.tokens += shape.allTokens();
        return heads.dense();
    }

    /** Measures computing a weight for each token. */
    @Benchmark
    public float[] sparse(Tokens done) {
        done.tokens += shape.allTokens();
        return heads.sparse();
    }

    /** Measures computing a normalised vector for each token, a product of C × C. */
    @Benchmark
    public float[][] colbert(Tokens done) {
        done.tokens += shape.allTokens();
        return heads.colbert();
    }
}
