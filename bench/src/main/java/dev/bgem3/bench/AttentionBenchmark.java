package dev.bgem3.bench;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.util.Random;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Self-attention of texts of the same length; counts 4·T²·C operations each, those of its two products. */
public class AttentionBenchmark extends KernelBenchmark {
    private static final long SEED = 2;

    /** The number of texts × the tokens of each. */
    @Param({"8x128", "1x2048"})
    String texts;

    /** The head size D; BGE-M3's by default. */
    @Param("64")
    int headSize;

    private BatchShape shape;
    private int[] cumulativeLengths;
    private Tensor queryKeyValue;
    private Tensor out;

    /**
     * Draws q, k and v from N(0, 1), and compares the last head with the scalar kernels'; one head is enough
     * because a head depends on no other.
     */
    @Setup
    public void open() {
        openKernels();
        shape = BatchShape.parse(texts);
        cumulativeLengths = IntStream.rangeClosed(0, shape.texts()).map(i -> i * shape.tokens()).toArray();
        float[] values = Operands.gaussian(new Random(SEED), shape.allTokens() * 3 * hiddenSize, 1);
        queryKeyValue = Operands.tensor(measured, workspace, 3 * hiddenSize, values);
        out = workspace.tensor(shape.allTokens(), hiddenSize);
        measured.attention(out, queryKeyValue, cumulativeLengths, hiddenSize / headSize);
        int column = hiddenSize - headSize;
        try (Kernels scalar = openReference(); Workspace memory = scalar.newWorkspace()) {
            float[] head = columns(values, 3 * hiddenSize, column, hiddenSize + column,
                    2 * hiddenSize + column);
            Tensor expected = memory.tensor(shape.allTokens(), headSize);
            scalar.attention(expected, Operands.tensor(scalar, memory, 3 * headSize, head), cumulativeLengths,
                    1);
            Agreement.check("attention", columns(Operands.read(measured, out), hiddenSize, column),
                    Operands.read(scalar, expected), tolerance());
        }
    }

    /** Returns, of each row, {@link #headSize} numbers from each of {@code from}, side by side. */
    private float[] columns(float[] values, int rowLength, int... from) {
        float[] chosen = new float[values.length / rowLength * from.length * headSize];
        int end = 0;
        for (int row = 0; row < values.length; row += rowLength) {
            for (int column : from) {
                System.arraycopy(values, row + column, chosen, end, headSize);
                end += headSize;
            }
        }
        return chosen;
    }

    /** Measures all heads of all texts. */
    @Benchmark
    public void attention(Operations done) {
        measured.attention(out, queryKeyValue, cumulativeLengths, hiddenSize / headSize);
        done.gigaFlops += 4e-9 * shape.allTokens() * shape.tokens() * hiddenSize;
    }
}
