package dev.bgem3.kernel.vector;

import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Shapes;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.ThreadTeam;
import dev.bgem3.kernel.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * fp32 on the Vector API and a team of threads: sums of fused multiply-adds in fp32, in ascending order of the summed
 * index, so a product's error is at most {@code (K + 1) · 2⁻²⁴ · (Σ|in·weight| + |bias|)} to first order.
 */
final class VectorKernels implements Kernels {
    /** Rows of a piece of row-wise work. */
    private static final int ROWS_PER_PIECE = 16;

    private record VectorNorm(float[] gamma, float[] beta, float epsilon) implements Norm {
        @Override
        public int size() {
            return gamma.length;
        }
    }

    private record VectorTable(MatrixSource source) implements Table {
        @Override
        public int rows() {
            return source.rows();
        }
    }

    private final ThreadTeam team;
    private final Arena weights = Arena.ofShared();
    private final SegmentWorkspace packedKeysAndValues = new SegmentWorkspace();
    private final Product.Scratch[] productScratches;
    private final Attention.Scratch[] attentionScratches;
    private final float[][] rowScratches;
    private boolean closed;

    VectorKernels(int threads) {
        team = new ThreadTeam(threads);
        productScratches = new Product.Scratch[threads];
        attentionScratches = new Attention.Scratch[threads];
        rowScratches = new float[threads][0];
        for (int i = 0; i < threads; i++) {
            productScratches[i] = new Product.Scratch();
            attentionScratches[i] = new Attention.Scratch();
        }
    }

    @Override
    public String description() {
        return "vector, Vector API with " + Lanes.COUNT + " lanes of fp32";
    }

    @Override
    public int threads() {
        return team.threads();
    }

    @Override
    public Workspace newWorkspace() {
        return new SegmentWorkspace();
    }

    @Override
    public Linear linear(MatrixSource weight, float[] bias) {
        Shapes.checkLength("linear", "bias", bias.length, weight.rows());
        return Product.pack(team, weights, weight, bias);
    }

    @Override
    public Norm norm(float[] gamma, float[] beta, float epsilon) {
        Shapes.checkLength("norm", "beta", beta.length, gamma.length);
        return new VectorNorm(gamma.clone(), beta.clone(), epsilon);
    }

    @Override
    public Table table(MatrixSource rows) {
        return new VectorTable(rows);
    }

    @Override
    public void embed(Tensor out, int[] tokenIds, int[] positionIds, Table words, Table positions,
            float[] tokenType, Norm norm) {
        int c = norm.size();
        Shapes.check("embed", "out", out, tokenIds.length, c);
        Shapes.checkLength("embed", "positionIds", positionIds.length, tokenIds.length);
        Shapes.checkRows("embed", "tokenIds", tokenIds, words.rows());
        Shapes.checkRows("embed", "positionIds", positionIds, positions.rows());
        VectorNorm layerNorm = (VectorNorm) norm;
        SegmentTensor x = SegmentTensor.of(out);
        forRows(out.rows(), 2 * c, (t, row) -> {
            ((VectorTable) words).source.readRow(tokenIds[t], row, 0);
            ((VectorTable) positions).source.readRow(positionIds[t], row, c);
            for (int i = 0; i < c; i++) {
                row[i] = row[i] + tokenType[i] + row[c + i];
            }
            Rows.normalize(row, c, layerNorm.gamma, layerNorm.beta, layerNorm.epsilon);
            x.writeRow(t, row, 0);
        });
    }

    @Override
    public void linear(Tensor out, Tensor in, Linear layer) {
        product("linear", out, in, layer, Product.Finish.BIAS, null);
    }

    @Override
    public void linearGelu(Tensor out, Tensor in, Linear layer) {
        product("linearGelu", out, in, layer, Product.Finish.BIAS_GELU, null);
    }

    @Override
    public void linearRelu(Tensor out, Tensor in, Linear layer) {
        product("linearRelu", out, in, layer, Product.Finish.BIAS_RELU, null);
    }

    @Override
    public void linearAddNorm(Tensor out, Tensor in, Linear layer, Tensor residual, Norm norm) {
        Shapes.check("linearAddNorm", "residual", residual, in.rows(), layer.outputSize());
        Shapes.checkLength("linearAddNorm", "norm", norm.size(), layer.outputSize());
        product("linearAddNorm", out, in, layer, Product.Finish.BIAS_RESIDUAL, SegmentTensor.of(residual));
        VectorNorm layerNorm = (VectorNorm) norm;
        SegmentTensor x = SegmentTensor.of(out);
        forRows(out.rows(), out.columns(), (m, row) -> {
            x.readRow(m, row, 0);
            Rows.normalize(row, layerNorm.size(), layerNorm.gamma, layerNorm.beta, layerNorm.epsilon);
            x.writeRow(m, row, 0);
        });
    }

    private void product(String operation, Tensor out, Tensor in, Linear layer, Product.Finish finish,
            SegmentTensor residual) {
        Shapes.checkLinear(operation, out, in, layer);
        Product.run(team, productScratches, SegmentTensor.of(out), SegmentTensor.of(in),
                (Product.Packed) layer,
                finish, residual);
    }

    @Override
    public void attention(Tensor out, Tensor queryKeyValue, int[] cumulativeLengths, int headCount) {
        int headSize = Shapes.checkAttention(out, queryKeyValue, cumulativeLengths, headCount);
        Attention.run(team, attentionScratches, packedKeysAndValues, SegmentTensor.of(out),
                SegmentTensor.of(queryKeyValue), cumulativeLengths, headCount, headSize);
    }

    @Override
    public void gatherRows(Tensor out, Tensor in, int[] rows) {
        Shapes.check("gatherRows", "out", out, rows.length, in.columns());
        Shapes.checkRows("gatherRows", "rows", rows, in.rows());
        SegmentTensor from = SegmentTensor.of(in);
        SegmentTensor to = SegmentTensor.of(out);
        for (int i = 0; i < rows.length; i++) {
            MemorySegment.copy(from.data(), from.offsetBytes(rows[i]), to.data(), to.offsetBytes(i),
                    4L * in.columns());
        }
    }

    /** In double precision: the sums are as long as the text. */
    @Override
    public void meanRows(Tensor out, Tensor in, int[] cumulativeLengths) {
        int c = in.columns();
        Shapes.check("meanRows", "out", out, cumulativeLengths.length - 1, c);
        Shapes.checkCumulativeLengths("meanRows", cumulativeLengths, in.rows());
        SegmentTensor from = SegmentTensor.of(in);
        SegmentTensor to = SegmentTensor.of(out);
        forRows(out.rows(), c, (s, row) -> {
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
    public void normalizeRows(Tensor tensor, int columns) {
        SegmentTensor x = SegmentTensor.of(tensor);
        forRows(tensor.rows(), tensor.columns(), (m, row) -> {
            x.readRow(m, row, 0);
            Rows.normalizeLength(row, columns);
            x.writeRow(m, row, 0);
        });
    }

    @Override
    public void write(Tensor out, float[] values) {
        Shapes.checkLength("write", "values", values.length, out.rows() * out.columns());
        MemorySegment.copy(values, 0, SegmentTensor.of(out).data(), Lanes.FLOAT, 0, values.length);
    }

    @Override
    public void read(float[] out, int offset, Tensor in, int firstRow, int rowCount) {
        SegmentTensor from = SegmentTensor.of(in);
        MemorySegment.copy(from.data(), Lanes.FLOAT, from.offsetBytes(firstRow), out, offset,
                rowCount * in.columns());
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            team.close();
            packedKeysAndValues.close();
            weights.close();
        }
    }

    /** Work on one row with a worker's array of at least the length asked for. */
    @FunctionalInterface
    private interface RowWork {
        void run(int row, float[] scratch);
    }

    private void forRows(int rows, int scratchLength, RowWork work) {
        int pieces = (rows + ROWS_PER_PIECE - 1) / ROWS_PER_PIECE;
        team.run(pieces, (piece, worker) -> {
            if (rowScratches[worker].length < scratchLength) {
                rowScratches[worker] = new float[scratchLength];
            }
            int end = Math.min(rows, (piece + 1) * ROWS_PER_PIECE);
            for (int row = piece * ROWS_PER_PIECE; row < end; row++) {
                work.run(row, rowScratches[worker]);
            }
        });
    }
}
