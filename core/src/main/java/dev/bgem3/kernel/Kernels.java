package dev.bgem3.kernel;

import java.util.Optional;

/**
 * The operations of the forward pass, on tensors that the provider itself allocates.
 *
 * <p>
 * Every operation is <em>batch-invariant</em>: a row of a result (for attention: a sequence's rows) has the
 * same bits whatever stands beside it and however many threads work. Sums are of fp32 products in fp32 or
 * better; each provider states its error. NaN and infinities propagate as IEEE 754 has them; nothing here
 * replaces them. A destination may be the same tensor as an operand only where its method says so.
 *
 * <p>
 * The weights' objects ({@link Linear}, {@link Norm}, {@link Table}) are immutable and may be shared.
 * Operations on the tensors of one workspace are called by one thread at a time, and as many workspaces may
 * be at work at a time as {@link #passes()} says, each from a thread of its own; a provider of one pass
 * spreads its work over its own threads.
 *
 * <p>
 * On a device with memory of its own, any operation may throw {@link
 * dev.bgem3.error.OutOfDeviceMemoryException}, after which a smaller batch may fit, or {@link
 * dev.bgem3.error.DeviceLostException}, after which these kernels can only be closed.
 */
public interface Kernels extends AutoCloseable {
    /** A linear layer's weight [N, K] and bias [N] in the provider's layout. */
    interface Linear {
        /** N, the layer's output size. */
        int outputSize();

        /** K, the layer's input size. */
        int inputSize();

        /**
         * The layer as it lies in memory, for kernels that can take it back from there; nothing where others
         * lay it out.
         */
        default Optional<PackedLinear> packed() {
            return Optional.empty();
        }
    }

    /** A layer norm's gamma [C], beta [C] and epsilon. */
    interface Norm {
        /** C, the length of the rows it normalises. */
        int size();
    }

    /** Rows that are looked up by number and need not lie in memory before. */
    interface Table {
        /** The number of rows. */
        int rows();
    }

    /** The provider and what it found, for people: {@code vector, 16 lanes of fp32}. */
    String description();

    /** The number of threads that work, the caller's included. */
    int threads();

    /** How many workspaces may be at work at a time, each from a thread of its own. */
    default int passes() {
        return 1;
    }

    /**
     * The tokens of a batch that keep these kernels busy and for which there is likely to be memory, all
     * passes being at work; at least 1. To be asked when the weights are in place.
     *
     * @param numbersPerToken
     *            how many numbers a token's tensors hold in one forward pass
     */
    default int tokenBudget(long numbersPerToken) {
        return 4_096;
    }

    /** Memory for the tensors of one forward pass at a time. */
    Workspace newWorkspace();

    /**
     * Lays a linear layer out for the products, or takes it where it is laid out already, by {@link
     * MatrixSource#packed}.
     *
     * @param weight
     *            [N, K], as {@code torch.nn.Linear} stores it
     * @param bias
     *            [N]
     */
    Linear linear(MatrixSource weight, float[] bias);

    /**
     * {@link #linear} for a layer in which rounding shows most: at least in bf16 where the others are in
     * int8.
     *
     * @param weight
     *            [N, K]
     * @param bias
     *            [N]
     */
    default Linear preciseLinear(MatrixSource weight, float[] bias) {
        return linear(weight, bias);
    }

    /**
     * A layer norm over rows of C numbers.
     *
     * @param gamma
     *            [C]
     * @param beta
     *            [C]
     */
    Norm norm(float[] gamma, float[] beta, float epsilon);

    /** A table of rows [V, C] that are read where they lie, when they are asked for. */
    Table table(MatrixSource rows);

    /**
     * {@code out[t] = norm(words[tokenIds[t]] + tokenType + positions[positionIds[t]])}: BERT's embeddings
     * (Devlin et al. 2018, section 3), summed in the order in which the reference sums them.
     *
     * @param out
     *            [T, C]
     * @param tokenIds
     *            [T], rows of {@code words}
     * @param positionIds
     *            [T], rows of {@code positions}
     * @param tokenType
     *            [C]
     */
    void embed(Tensor out, int[] tokenIds, int[] positionIds, Table words, Table positions, float[] tokenType,
            Norm norm);

    /**
     * {@code out[M, N] = in[M, K] · weightᵀ + bias}; 2·M·N·K operations. {@code out} and {@code in} may be
     * rounded tensors.
     */
    void linear(Tensor out, Tensor in, Linear layer);

    /**
     * {@code out = gelu(in · weightᵀ + bias)} with {@code gelu(z) = z/2 · (1 + erf(z/√2))} (Hendrycks, 2016),
     * never the tanh form; to the accuracy of fp32, or of what the next product rounds to. {@code out} and
     * {@code in} may be rounded tensors.
     */
    void linearGelu(Tensor out, Tensor in, Linear layer);

    /** {@code out = max(in · weightᵀ + bias, 0)}; NaN stays NaN. */
    void linearRelu(Tensor out, Tensor in, Linear layer);

    /**
     * {@code out = norm(in · weightᵀ + bias + residual)}: the end of either half of a post-norm layer
     * (Vaswani et al. 2017, section 3.1). {@code out} may be {@code residual}.
     */
    void linearAddNorm(Tensor out, Tensor in, Linear layer, Tensor residual, Norm norm);

    /** The rows that {@link #feedForward}'s {@code wide} best has where {@code x} has that many; 0 for 0. */
    default int feedForwardRows(int rows) {
        return rows;
    }

    /**
     * {@code x = norm(output(gelu(intermediate(x))) + x)}, the second half of a layer, in place: {@link
     * #linearGelu}, then {@link #linearAddNorm}.
     *
     * @param x
     *            [T, C]
     * @param wide
     *            [R, F], a rounded tensor whose contents are lost; R is {@link #feedForwardRows} of T
     */
    default void feedForward(Tensor x, Tensor wide, Linear intermediate, Linear output, Norm norm) {
        linearGelu(wide, x, intermediate);
        linearAddNorm(x, wide, output, x, norm);
    }

    /**
     * Self-attention of each sequence over its own tokens: per head {@code softmax(q · kᵀ / √D) · v} (Vaswani
     * et al. 2017, equation 1). Memory grows with T, never with its square.
     *
     * @param out
     *            [T, C], the heads side by side
     * @param queryKeyValue
     *            [T, 3·C]: a row holds q, k and v, each with its heads side by side
     * @param cumulativeLengths
     *            [S + 1], from 0 to T, ascending: sequence s has the rows {@code [s] .. [s + 1] - 1}
     */
    void attention(Tensor out, Tensor queryKeyValue, int[] cumulativeLengths, int headCount);

    /**
     * {@link #attention} for the first token of each sequence alone: its row there, with the same bits unless
     * the provider says otherwise.
     *
     * @param out
     *            [S, C]
     * @param queryKeyValue
     *            [T, 3·C]; of the queries only the sequences' first rows are read
     * @param cumulativeLengths
     *            as for {@link #attention}, but no sequence is empty
     */
    void firstTokenAttention(Tensor out, Tensor queryKeyValue, int[] cumulativeLengths, int headCount);

    /** {@code out[i] = in[rows[i]]}. */
    void gatherRows(Tensor out, Tensor in, int[] rows);

    /** {@code out[s]} = the mean of the rows of sequence s. */
    void meanRows(Tensor out, Tensor in, int[] cumulativeLengths);

    /** Divides each row's first {@code columns} numbers by {@code max(‖those‖₂, 1e-12)}, in place. */
    void normalizeRows(Tensor tensor, int columns);

    /** Copies the caller's {@code [rows, columns]} numbers into a tensor. */
    void write(Tensor out, float[] values);

    /** Copies rows {@code firstRow .. firstRow + rowCount - 1} into {@code out[offset ..]}, row-major. */
    void read(float[] out, int offset, Tensor in, int firstRow, int rowCount);

    /** Frees threads and memory; closing again does nothing. */
    @Override
    void close();
}
