package dev.bgem3.kernel;

import java.util.Optional;

/**
 * The operations of the forward pass, on tensors that the provider allocates.
 *
 * <p>
 * Every operation is <em>batch-invariant</em>: a row of a result (for attention: the rows of a sequence) has
 * the same bits whatever else is in the batch and however many threads compute it. Sums are in fp32 or
 * better; each provider documents its error. NaN and infinities propagate according to IEEE 754. A
 * destination may be the same tensor as an operand only if the method says so.
 *
 * <p>
 * Weights ({@link Linear}, {@link Norm}, {@link Table}) are immutable and may be shared. Only one thread at a
 * time may run operations on the tensors of a workspace. Up to {@link #passes()} workspaces may be in use at
 * the same time, each by its own thread; a provider of one pass distributes the work over its own threads.
 *
 * <p>
 * On a device with its own memory, any operation may throw an
 * {@link dev.bgem3.error.OutOfDeviceMemoryException}, after which a smaller batch may fit, or a
 * {@link dev.bgem3.error.DeviceLostException}, after which these kernels can only be closed.
 */
public interface Kernels extends AutoCloseable {
    /** A linear layer's weight [N, K] and bias [N] in the provider's layout. */
    interface Linear {
        /** Returns N, the output size. */
        int outputSize();

        /** Returns K, the input size. */
        int inputSize();

        /**
         * Returns the layer in its packed form, which can be stored and loaded again; empty if the kernels do
         * not support that.
         */
        default Optional<PackedLinear> packed() {
            return Optional.empty();
        }
    }

    /** A layer norm's gamma [C], beta [C] and epsilon. */
    interface Norm {
        /** Returns C, the length of the rows. */
        int size();
    }

    /** Rows that are looked up by number and need not be in memory beforehand. */
    interface Table {
        /** The number of rows. */
        int rows();
    }

    /** Describes the provider and its hardware for users: {@code vector, 16 lanes of fp32}. */
    String description();

    /** Returns the number of threads that compute, including the caller's. */
    int threads();

    /** Returns how many workspaces may be in use at the same time, each by its own thread. */
    default int passes() {
        return 1;
    }

    /**
     * Returns a number of tokens, at least 1, for batches that keep these kernels busy and are likely to fit
     * in memory with all passes in use. Call it after the weights have been loaded.
     *
     * @param numbersPerToken
     *            how many numbers per token the tensors of a forward pass hold
     */
    default int tokenBudget(long numbersPerToken) {
        return 4_096;
    }

    /** Creates memory for the tensors of one forward pass at a time. */
    Workspace newWorkspace();

    /**
     * Packs a linear layer for the products, or uses the packed form from {@link MatrixSource#packed} if
     * there is one.
     *
     * @param weight
     *            [N, K], as {@code torch.nn.Linear} stores it
     * @param bias
     *            [N]
     */
    Linear linear(MatrixSource weight, float[] bias);

    /**
     * Packs a linear layer like {@link #linear}, but at least in bf16 if the others are int8; for layers in
     * which rounding costs the most accuracy.
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
     * Creates a layer norm over rows of C numbers.
     *
     * @param gamma
     *            [C]
     * @param beta
     *            [C]
     */
    Norm norm(float[] gamma, float[] beta, float epsilon);

    /** Creates a table of rows [V, C], which are read from their source on each lookup. */
    Table table(MatrixSource rows);

    /**
     * {@code out[t] = norm(words[tokenIds[t]] + tokenType + positions[positionIds[t]])}: BERT's embeddings
     * (Devlin et al. 2018, section 3), summed in this order.
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
     * never the tanh form; accurate to fp32, or to the type that the next product rounds to. {@code out} and
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

    /**
     * Returns the best number of rows for {@code wide} of {@link #feedForward}, given those of {@code x}; 0
     * for 0.
     */
    default int feedForwardRows(int rows) {
        return rows;
    }

    /**
     * {@code x = norm(output(gelu(intermediate(x))) + x)}, the second half of a layer, in place:
     * {@link #linearGelu}, then {@link #linearAddNorm}.
     *
     * @param x
     *            [T, C]
     * @param wide
     *            [R, F], a rounded tensor that is overwritten; R is {@link #feedForwardRows} of T
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
     * Computes {@link #attention} only for the first token of each sequence, with the same bits unless the
     * provider says otherwise.
     *
     * @param out
     *            [S, C]
     * @param queryKeyValue
     *            [T, 3·C]; of the queries only the sequences' first rows are read
     * @param cumulativeLengths
     *            as for {@link #attention}, but without empty sequences
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
