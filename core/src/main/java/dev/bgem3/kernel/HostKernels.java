package dev.bgem3.kernel;

import dev.bgem3.memory.PageArena;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The base of the CPU providers: manages {@link HostTensor}s and a team of threads, checks arguments and
 * moves rows. Subclasses implement the arithmetic: products, attention and layer norm.
 */
public abstract class HostKernels implements Kernels {
    /** The number of rows in a piece of row-wise work. */
    protected static final int ROWS_PER_PIECE = 16;
    private static final double NORM_FLOOR = 1e-12;
    /**
     * The rows that pass through both linear layers of a feed-forward part at a time. At F = 4,096 the first
     * layer's result is 8 MiB in bf16 and 16 MiB in fp32, which a level 3 cache can keep for the second.
     */
    private static final int FEED_FORWARD_ROWS = 1_024;

    private record HostTable(MatrixSource source) implements Table {
        @Override
        public int rows() {
            return source.rows();
        }
    }

    /** Work on one row, with a worker's array of at least the requested length. */
    @FunctionalInterface
    private interface RowWork {
        void run(int row, float[] scratch, int worker);
    }

    /** The threads that compute. */
    protected final ThreadTeam team;
    /** Owns the weights in the provider's layout. */
    protected final Arena weights = new PageArena();
    /** The packed keys and values of the current attention. */
    private final HostWorkspace packedKeysAndValues = new HostWorkspace();
    private final float[][] rowScratches;
    private boolean closed;

    /**
     * Starts the team. A subclass must allocate what it needs before calling this, since nobody would stop
     * the team if its constructor failed afterwards.
     */
    protected HostKernels(int threads) {
        rowScratches = new float[threads][0];
        team = new ThreadTeam(threads);
    }

    /** Casts a tensor to the type that these kernels take: fp32, unless they also take rounded tensors. */
    protected HostTensor tensor(Tensor tensor) {
        return HostTensor.of(tensor);
    }

    /**
     * Computes {@code out = finish(in · weightᵀ + bias)}; the shapes have been checked.
     *
     * @param residual
     *            the residual of {@link LinearFinish#BIAS_RESIDUAL}, which may be {@code out}; otherwise null
     */
    protected abstract void product(HostTensor out, HostTensor in, Linear layer, LinearFinish finish,
            HostTensor residual);

    /** Returns the provider's part of attention. */
    protected abstract HostAttention.Work attention();

    /**
     * Applies layer norm to the first {@code norm.size()} numbers of {@code row}, in place; {@code worker} as
     * in {@link ThreadTeam.Work}.
     */
    protected abstract void normalizeRow(float[] row, Norm norm, int worker);

    @Override
    public final int threads() {
        return team.threads();
    }

    @Override
    public Workspace newWorkspace() {
        return new HostWorkspace();
    }

    @Override
    public final void linear(Tensor out, Tensor in, Linear layer) {
        product("linear", out, in, layer, LinearFinish.BIAS);
    }

    @Override
    public final void linearGelu(Tensor out, Tensor in, Linear layer) {
        product("linearGelu", out, in, layer, LinearFinish.BIAS_GELU);
    }

    @Override
    public final void linearRelu(Tensor out, Tensor in, Linear layer) {
        product("linearRelu", out, in, layer, LinearFinish.BIAS_RELU);
    }

    private void product(String operation, Tensor out, Tensor in, Linear layer, LinearFinish finish) {
        Shapes.checkLinear(operation, out, in, layer);
        product(tensor(out), tensor(in), layer, finish, null);
    }

    @Override
    public final void linearAddNorm(Tensor out, Tensor in, Linear layer, Tensor residual, Norm norm) {
        Shapes.checkLinear("linearAddNorm", out, in, layer);
        Shapes.check("linearAddNorm", "residual", residual, in.rows(), layer.outputSize());
        Shapes.checkLength("linearAddNorm", "norm", norm.size(), layer.outputSize());
        product(HostTensor.of(out), tensor(in), layer, LinearFinish.BIAS_RESIDUAL, HostTensor.of(residual));
        normalizeRows(HostTensor.of(out), norm);
    }

    @Override
    public final void attention(Tensor out, Tensor queryKeyValue, int[] cumulativeLengths, int headCount) {
        HostAttention.run(team, packedKeysAndValues, tensor(out), tensor(queryKeyValue), cumulativeLengths,
                headCount, attention());
    }

    @Override
    public final void firstTokenAttention(Tensor out, Tensor queryKeyValue, int[] cumulativeLengths,
            int headCount) {
        HostAttention.runFirstTokens(team, packedKeysAndValues, tensor(out), tensor(queryKeyValue),
                cumulativeLengths, headCount, attention());
    }

    /** Splits the rows into blocks of about the same size. */
    @Override
    public final int feedForwardRows(int rows) {
        return rows == 0 ? 0 : Math.ceilDiv(rows, Math.ceilDiv(rows, FEED_FORWARD_ROWS));
    }

    @Override
    public final void feedForward(Tensor x, Tensor wide, Linear intermediate, Linear output, Norm norm) {
        HostTensor all = HostTensor.of(x);
        for (int first = 0; first < x.rows(); first += wide.rows()) {
            int count = Math.min(wide.rows(), x.rows() - first);
            HostTensor block = all.slice(first, count);
            HostTensor wideBlock = HostTensor.ofAny(wide).slice(0, count);
            linearGelu(wideBlock, block, intermediate);
            linearAddNorm(block, wideBlock, output, block, norm);
        }
    }

    @Override
    public final Table table(MatrixSource rows) {
        return new HostTable(rows);
    }

    @Override
    public final void embed(Tensor out, int[] tokenIds, int[] positionIds, Table words, Table positions,
            float[] tokenType, Norm norm) {
        int c = norm.size();
        Shapes.check("embed", "out", out, tokenIds.length, c);
        Shapes.checkLength("embed", "positionIds", positionIds.length, tokenIds.length);
        Shapes.checkRows("embed", "tokenIds", tokenIds, words.rows());
        Shapes.checkRows("embed", "positionIds", positionIds, positions.rows());
        HostTensor x = HostTensor.of(out);
        forRows(out.rows(), 2 * c, (t, row, worker) -> {
            ((HostTable) words).source.readRow(tokenIds[t], row, 0);
            ((HostTable) positions).source.readRow(positionIds[t], row, c);
            for (int i = 0; i < c; i++) {
                row[i] = row[i] + tokenType[i] + row[c + i];
            }
            normalizeRow(row, norm, worker);
            x.writeRow(t, row, 0);
        });
    }

    /** Applies layer norm to every row, in place. */
    protected void normalizeRows(HostTensor x, Norm norm) {
        forRows(x.rows(), x.columns(), (m, row, worker) -> {
            x.readRow(m, row, 0);
            normalizeRow(row, norm, worker);
            x.writeRow(m, row, 0);
        });
    }

    @Override
    public final void normalizeRows(Tensor tensor, int columns) {
        HostTensor x = HostTensor.of(tensor);
        forRows(tensor.rows(), tensor.columns(), (m, row, _) -> {
            x.readRow(m, row, 0);
            normalizeLength(row, columns);
            x.writeRow(m, row, 0);
        });
    }

    /**
     * Divides {@code x[0 .. length)} by {@code max(‖x‖₂, 1e-12)}; the sum of squares is in double precision,
     * which fp32 numbers cannot overflow.
     */
    private static void normalizeLength(float[] x, int length) {
        double even = 0;
        double odd = 0;
        for (int i = 0; i + 1 < length; i += 2) {
            even += (double) x[i] * x[i];
            odd += (double) x[i + 1] * x[i + 1];
        }
        if (length % 2 == 1) {
            even += (double) x[length - 1] * x[length - 1];
        }
        double norm = Math.max(Math.sqrt(even + odd), NORM_FLOOR);
        for (int i = 0; i < length; i++) {
            x[i] = (float) (x[i] / norm);
        }
    }

    @Override
    public final void gatherRows(Tensor out, Tensor in, int[] rows) {
        Shapes.check("gatherRows", "out", out, rows.length, in.columns());
        Shapes.checkRows("gatherRows", "rows", rows, in.rows());
        HostTensor from = HostTensor.of(in);
        HostTensor to = HostTensor.of(out);
        for (int i = 0; i < rows.length; i++) {
            MemorySegment.copy(from.data(), from.offsetBytes(rows[i]), to.data(), to.offsetBytes(i),
                    4L * in.columns());
        }
    }

    /** Sums in double precision, since a sum has as many terms as the text has tokens. */
    @Override
    public final void meanRows(Tensor out, Tensor in, int[] cumulativeLengths) {
        int c = in.columns();
        Shapes.check("meanRows", "out", out, cumulativeLengths.length - 1, c);
        Shapes.checkCumulativeLengths("meanRows", cumulativeLengths, in.rows());
        HostTensor from = HostTensor.of(in);
        HostTensor to = HostTensor.of(out);
        forRows(out.rows(), c, (s, row, _) -> {
            double[] sums = new double[c];
            for (int t = cumulativeLengths[s]; t < cumulativeLengths[s + 1]; t++) {
                from.readRow(t, row, 0);
                for (int i = 0; i < c; i++) {
                    sums[i] += row[i];
                }
            }
            for (int i = 0; i < c; i++) {
                row[i] = (float) (sums[i] / (cumulativeLengths[s + 1] - cumulativeLengths[s]));
            }
            to.writeRow(s, row, 0);
        });
    }

    @Override
    public final void write(Tensor out, float[] values) {
        Shapes.checkLength("write", "values", values.length, out.rows() * out.columns());
        MemorySegment.copy(values, 0, HostTensor.of(out).data(), HostTensor.FLOAT, 0, values.length);
    }

    @Override
    public final void read(float[] out, int offset, Tensor in, int firstRow, int rowCount) {
        HostTensor from = HostTensor.of(in);
        MemorySegment.copy(from.data(), HostTensor.FLOAT, from.offsetBytes(firstRow), out, offset,
                rowCount * in.columns());
    }

    /** Frees the subclass's own resources; called once. */
    protected void closeOwn() {}

    @Override
    public final void close() {
        if (!closed) {
            closed = true;
            // Close the team first: nothing else stops its threads from using freed memory.
            team.close();
            try {
                closeOwn();
            } finally {
                try {
                    packedKeysAndValues.close();
                } finally {
                    weights.close();
                }
            }
        }
    }

    private void forRows(int rows, int scratchLength, RowWork work) {
        int pieces = (rows + ROWS_PER_PIECE - 1) / ROWS_PER_PIECE;
        team.run(pieces, (piece, worker) -> {
            if (rowScratches[worker].length < scratchLength) {
                rowScratches[worker] = new float[scratchLength];
            }
            int end = Math.min(rows, (piece + 1) * ROWS_PER_PIECE);
            for (int row = piece * ROWS_PER_PIECE; row < end; row++) {
                work.run(row, rowScratches[worker], worker);
            }
        });
    }
}
