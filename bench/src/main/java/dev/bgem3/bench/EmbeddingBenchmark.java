package dev.bgem3.bench;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.util.Random;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/**
 * The sum of the embeddings and its layer norm, whose cost no product hides: bound by memory bandwidth rather
 * than arithmetic.
 */
public class EmbeddingBenchmark extends KernelBenchmark {
    private static final long SEED = 3;

    /** The number of tokens T. */
    @Param("1024")
    int tokens;

    /** The vocabulary size V, large enough that the rows do not fit into a cache. */
    @Param("32768")
    int vocabSize;

    private int[] tokenIds;
    private int[] positionIds;
    private Rows rows;
    private Tensor out;

    /** The operands in a provider's memory. */
    private record Rows(Kernels kernels, Kernels.Table words, Kernels.Table positions, float[] tokenType,
            Kernels.Norm norm) {
        void embed(Tensor out, int[] tokenIds, int[] positionIds) {
            kernels.embed(out, tokenIds, positionIds, words, positions, tokenType, norm);
        }
    }

    private Rows rows(Kernels kernels, float[] words, float[] positions, float[] vectors) {
        float[][] parts = IntStream.range(0, 3).mapToObj(i -> Operands.rows(vectors, hiddenSize, i))
                .toArray(float[][]::new);
        return new Rows(kernels, kernels.table(MatrixSource.of(vocabSize, hiddenSize, words)),
                kernels.table(MatrixSource.of(tokens, hiddenSize, positions)), parts[0],
                kernels.norm(parts[1], parts[2], 1e-5f));
    }

    /** Draws ids and tables, and compares all rows with those of the scalar kernels. */
    @Setup
    public void open() {
        openKernels();
        Random random = new Random(SEED);
        tokenIds = random.ints(tokens, 0, vocabSize).toArray();
        positionIds = IntStream.range(0, tokens).toArray();
        float[] words = Operands.gaussian(random, vocabSize * hiddenSize, 1);
        float[] positions = Operands.gaussian(random, tokens * hiddenSize, 1);
        float[] vectors = Operands.gaussian(random, 3 * hiddenSize, 1);
        rows = rows(measured, words, positions, vectors);
        out = workspace.tensor(tokens, hiddenSize);
        rows.embed(out, tokenIds, positionIds);
        try (Kernels scalar = openReference(); Workspace memory = scalar.newWorkspace()) {
            Tensor expected = memory.tensor(tokens, hiddenSize);
            rows(scalar, words, positions, vectors).embed(expected, tokenIds, positionIds);
            Agreement.check("embed", Operands.read(measured, out), Operands.read(scalar, expected),
                    tolerance());
        }
    }

    /** Measures adding three rows of C numbers and normalising the sum, for each token. */
    @Benchmark
    public void embed(Tokens done) {
        rows.embed(out, tokenIds, positionIds);
        done.tokens += tokens;
    }
}
