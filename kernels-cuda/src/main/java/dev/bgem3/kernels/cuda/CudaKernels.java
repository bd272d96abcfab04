package dev.bgem3.kernels.cuda;

import static org.bytedeco.cuda.global.cublas.cublasLtGetVersion;

import dev.bgem3.error.BackendException;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.Kernels;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Shapes;
import dev.bgem3.kernel.Tensor;
import dev.bgem3.kernel.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The operations on one GPU.
 *
 * <p>
 * A tensor's elements are rounded to the 16-bit type only when stored: matrix products, norms, softmax and
 * GELU are computed in fp32. In fp16 a number beyond 65,504 becomes infinite and then leads to NaN, which the
 * check of the outputs reports; nothing is clipped, because a clipped number would be silently wrong. The
 * values best known for overflowing in fp16 cannot overflow here: attention scores, and the sum of a residual
 * and a layer's output, stay in fp32.
 *
 * <p>
 * A row has the same bits in any batch of about the same number of tokens, that is, of the same class of
 * sizes ({@link CudaProduct#classOf}). Between classes cuBLASLt may add the terms of a product in another
 * order: two such sums of K products in fp32 differ by at most 2·K·2⁻²⁴ times the sum of their magnitudes,
 * which is less than the rounding to 16 bits.
 */
final class CudaKernels implements Kernels {
    /** The number of tokens in a batch that keeps a GPU busy; more do not increase the throughput. */
    private static final int BUSY_TOKENS = 32_768;
    /** The largest head size for which attention has shared memory. */
    private static final int MAX_HEAD_SIZE = 256;
    /** The share of the free memory for the tensors of all passes; the rest is for graphs and other users. */
    private static final double TENSOR_SHARE = 0.8;

    /** Weight [N, K] and bias [N]; the bias is stored both as Elements and in fp32. */
    private record CudaLinear(int outputSize, int inputSize, long weight, long bias, long fp32Bias)
            implements
                Linear {}

    private record CudaNorm(int size, long gamma, long beta, float epsilon) implements Norm {}

    /** Rows [V, C]. */
    private record CudaTable(int rows, int columns, long address) implements Table {}

    private final CudaDevice device;
    private final Elements elements;
    private final CudaCode code;
    private final CudaProduct product;
    private final WeightUpload upload;
    private final List<CudaWorkspace> workspaces = new ArrayList<>();
    private boolean closed;

    CudaKernels(Arithmetic arithmetic, int index) {
        elements = Elements.of(arithmetic);
        device = new CudaDevice(index);
        code = new CudaCode(device, elements);
        product = new CudaProduct(device, elements);
        upload = new WeightUpload(device, elements);
    }

    @Override
    public String description() {
        long version = cublasLtGetVersion();
        return String.format(Locale.ROOT,
                "%s, compute capability %d.%d, %d multiprocessors, %d MiB, cuBLASLt %d.%d.%d", device.name(),
                device.computeCapability() / 10, device.computeCapability() % 10, device.multiprocessors(),
                device.totalBytes() >> 20, version / 10000, version / 100 % 100, version % 100);
    }

    /** Returns 1, the calling thread; the GPU needs no other. */
    @Override
    public int threads() {
        return 1;
    }

    /** Returns 2, so that the GPU computes a pass while the results of another are read. */
    @Override
    public int passes() {
        return 2;
    }

    @Override
    public int tokenBudget(long numbersPerToken) {
        upload.release();
        double room = device.freeBytes() * TENSOR_SHARE / passes() / (Elements.BYTES * numbersPerToken);
        return Math.clamp((long) room, 1, BUSY_TOKENS);
    }

    @Override
    public synchronized Workspace newWorkspace() {
        CudaWorkspace workspace = new CudaWorkspace(device, product);
        workspaces.add(workspace);
        return workspace;
    }

    @Override
    public Linear linear(MatrixSource weight, float[] bias) {
        Shapes.checkLength("linear", "bias", bias.length, weight.rows());
        return new CudaLinear(weight.rows(), weight.columns(), upload.matrix(weight), upload.elements(bias),
                upload.floats(bias));
    }

    @Override
    public Norm norm(float[] gamma, float[] beta, float epsilon) {
        Shapes.checkLength("norm", "beta", beta.length, gamma.length);
        return new CudaNorm(gamma.length, upload.floats(gamma), upload.floats(beta), epsilon);
    }

    @Override
    public Table table(MatrixSource rows) {
        return new CudaTable(rows.rows(), rows.columns(), upload.matrix(rows));
    }

    @Override
    public void embed(Tensor out, int[] tokenIds, int[] positionIds, Table words, Table positions,
            float[] tokenType, Norm norm) {
        int c = norm.size();
        Shapes.check("embed", "out", out, tokenIds.length, c);
        Shapes.checkLength("embed", "positionIds", positionIds.length, tokenIds.length);
        Shapes.checkLength("embed", "tokenType", tokenType.length, c);
        Shapes.checkLength("embed", "words", ((CudaTable) words).columns(), c);
        Shapes.checkLength("embed", "positions", ((CudaTable) positions).columns(), c);
        Shapes.checkRows("embed", "tokenIds", tokenIds, words.rows());
        Shapes.checkRows("embed", "positionIds", positionIds, positions.rows());
        CudaTensor x = CudaTensor.of(out);
        CudaNorm n = (CudaNorm) norm;
        CudaWorkspace workspace = x.workspace();
        workspace.rows(x.rows());
        long ids = workspace.upload(tokenIds);
        long places = workspace.upload(positionIds);
        long type = workspace.upload(tokenType);
        code.embed(workspace, x, Arguments.of().pointer(x.target()).pointer(ids).pointer(places)
                .pointer(((CudaTable) words).address()).pointer(((CudaTable) positions).address())
                .pointer(type)
                .pointer(n.gamma()).pointer(n.beta()).number(n.epsilon()).number(c));
    }

    @Override
    public void linear(Tensor out, Tensor in, Linear layer) {
        Shapes.checkLinear("linear", out, in, layer);
        multiply(CudaTensor.of(out), CudaTensor.of(in), (CudaLinear) layer, true);
    }

    @Override
    public void linearGelu(Tensor out, Tensor in, Linear layer) {
        Shapes.checkLinear("linearGelu", out, in, layer);
        CudaTensor x = CudaTensor.of(out);
        CudaLinear weights = (CudaLinear) layer;
        // cuBLAS has only the tanh form of GELU.
        multiply(x, CudaTensor.of(in), weights, false);
        code.gelu(x.workspace(), x, weights.fp32Bias());
    }

    @Override
    public void linearRelu(Tensor out, Tensor in, Linear layer) {
        Shapes.checkLinear("linearRelu", out, in, layer);
        CudaTensor x = CudaTensor.of(out);
        CudaLinear weights = (CudaLinear) layer;
        // cuBLAS's ReLU maps NaN to 0.
        multiply(x, CudaTensor.of(in), weights, true);
        code.relu(x.workspace(), x);
    }

    @Override
    public void linearAddNorm(Tensor out, Tensor in, Linear layer, Tensor residual, Norm norm) {
        Shapes.checkLinear("linearAddNorm", out, in, layer);
        Shapes.check("linearAddNorm", "residual", residual, out.rows(), out.columns());
        Shapes.checkLength("linearAddNorm", "norm", norm.size(), layer.outputSize());
        CudaTensor x = CudaTensor.of(out);
        CudaLinear weights = (CudaLinear) layer;
        CudaNorm n = (CudaNorm) norm;
        CudaWorkspace workspace = x.workspace();
        CudaTensor projected = workspace.scratch(x.rows(), x.columns());
        multiply(projected, CudaTensor.of(in), weights, false);
        code.addNorm(workspace, x, Arguments.of().pointer(x.target()).pointer(projected.address())
                .pointer(weights.fp32Bias()).pointer(CudaTensor.of(residual).address()).pointer(n.gamma())
                .pointer(n.beta()).number(n.epsilon()).number(x.rows()).number(x.columns()));
    }

    private void multiply(CudaTensor out, CudaTensor in, CudaLinear layer, boolean biased) {
        CudaWorkspace workspace = out.workspace();
        workspace.rows(out.rows());
        if (layer.outputSize() % CudaProduct.ALIGNMENT != 0
                || layer.inputSize() % CudaProduct.ALIGNMENT != 0) {
            code.multiplyAnyShape(workspace, out, in, layer.weight(), biased ? layer.fp32Bias() : 0);
        } else if (out.rows() > 0) {
            workspace.append(new Step.Multiply(out.target(), in.address(), layer.weight(),
                    biased ? layer.bias() : 0, out.rows(), layer.outputSize(), layer.inputSize()));
        }
    }

    @Override
    public void attention(Tensor out, Tensor queryKeyValue, int[] cumulativeLengths, int headCount) {
        int headSize = Shapes.checkAttention(out, queryKeyValue, cumulativeLengths, headCount);
        attend(CudaTensor.of(out), CudaTensor.of(queryKeyValue), cumulativeLengths, headCount, headSize,
                false);
    }

    @Override
    public void firstTokenAttention(Tensor out, Tensor queryKeyValue, int[] cumulativeLengths,
            int headCount) {
        int headSize = Shapes.checkFirstTokenAttention(out, queryKeyValue, cumulativeLengths, headCount);
        attend(CudaTensor.of(out), CudaTensor.of(queryKeyValue), cumulativeLengths, headCount, headSize,
                true);
    }

    private void attend(CudaTensor out, CudaTensor queryKeyValue, int[] cumulativeLengths, int headCount,
            int headSize, boolean firstOnly) {
        if (headSize > MAX_HEAD_SIZE) {
            throw new BackendException("head size: " + headSize + " (expected: 1.." + MAX_HEAD_SIZE
                    + ", or --device cpu)");
        }
        CudaWorkspace workspace = out.workspace();
        workspace.rows(queryKeyValue.rows());
        AttentionTiles tiles = workspace.tiles(cumulativeLengths, code.queryTile(), firstOnly);
        code.attention(workspace, out, queryKeyValue, tiles, headCount, headSize);
    }

    @Override
    public void gatherRows(Tensor out, Tensor in, int[] rows) {
        Shapes.check("gatherRows", "out", out, rows.length, in.columns());
        Shapes.checkRows("gatherRows", "rows", rows, in.rows());
        CudaTensor x = CudaTensor.of(out);
        long numbers = x.workspace().upload(rows);
        code.gatherRows(x.workspace(), x, CudaTensor.of(in), numbers);
    }

    @Override
    public void meanRows(Tensor out, Tensor in, int[] cumulativeLengths) {
        Shapes.check("meanRows", "out", out, cumulativeLengths.length - 1, in.columns());
        Shapes.checkCumulativeLengths("meanRows", cumulativeLengths, in.rows());
        CudaTensor x = CudaTensor.of(out);
        long lengths = x.workspace().upload(cumulativeLengths);
        code.meanRows(x.workspace(), x, CudaTensor.of(in), lengths);
    }

    @Override
    public void normalizeRows(Tensor tensor, int columns) {
        CudaTensor x = CudaTensor.of(tensor);
        if (columns < 0 || columns > x.columns()) {
            throw new IllegalArgumentException(
                    "normalizeRows: columns: " + columns + " (expected: 0.." + x.columns() + ")");
        }
        code.normalizeRows(x.workspace(), x, columns);
    }

    @Override
    public void write(Tensor out, float[] values) {
        Shapes.checkLength("write", "values", values.length, out.rows() * out.columns());
        CudaTensor x = CudaTensor.of(out);
        short[] rounded = new short[values.length];
        elements.toElements(values, values.length, rounded);
        x.workspace().write(x.target(), rounded);
    }

    @Override
    public void read(float[] out, int offset, Tensor in, int firstRow, int rowCount) {
        CudaTensor x = CudaTensor.of(in);
        elements.read(out, offset, x.host(), Elements.BYTES * firstRow * x.columns(), rowCount * x.columns());
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            workspaces.forEach(CudaWorkspace::close);
            upload.close();
            product.close();
            code.close();
        }
    }
}
