package dev.bgem3.kernel.jit;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.HostKernels;
import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.Shapes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The part of {@link dev.bgem3.kernel.Kernels} that all instruction sets share: the memory layout of layers
 * and norms.
 */
public abstract class AssembledKernels extends HostKernels {
    /** An off-heap layer norm, padded with zeros to whole vectors. */
    protected record PaddedNorm(MemorySegment gamma, MemorySegment beta, float epsilon,
            int size) implements Norm {}

    private final String code;
    private final Arithmetic arithmetic;
    private final Arithmetic precise;
    private final int panelWidth;
    private final int vectorBytes;
    /** One row for each worker. */
    private final MemorySegment[] rows;

    /**
     * Starts the team, and must do so last, see {@link HostKernels}.
     *
     * @param code
     *            the instruction set, for {@link #description()}: {@code AVX2}
     * @param precise
     *            the arithmetic of layers in which rounding costs the most accuracy
     * @param panelWidth
     *            the number of columns of a panel of weights
     * @param vectorBytes
     *            the size of a vector
     */
    protected AssembledKernels(String code, Arithmetic arithmetic, Arithmetic precise, int threads,
            int panelWidth, int vectorBytes) {
        MemorySegment[] none = new MemorySegment[threads];
        Arrays.fill(none, MemorySegment.NULL);
        rows = none;
        this.code = code;
        this.arithmetic = arithmetic;
        this.precise = precise;
        this.panelWidth = panelWidth;
        this.vectorBytes = vectorBytes;
        super(threads);
    }

    @Override
    public final String description() {
        return "jit, " + code + " code assembled at start, " + arithmetic.label() + " products";
    }

    @Override
    public final Linear linear(MatrixSource weight, float[] bias) {
        return pack(arithmetic, weight, bias);
    }

    @Override
    public final Linear preciseLinear(MatrixSource weight, float[] bias) {
        return pack(precise, weight, bias);
    }

    private Linear pack(Arithmetic layer, MatrixSource weight, float[] bias) {
        Shapes.checkLength("linear", "bias", bias.length, weight.rows());
        return PackedPanels.pack(team, weights, panelWidth, layer, arithmetic, weight, bias);
    }

    @Override
    public final Norm norm(float[] gamma, float[] beta, float epsilon) {
        Shapes.checkLength("norm", "beta", beta.length, gamma.length);
        return new PaddedNorm(padded(gamma), padded(beta), epsilon, gamma.length);
    }

    private MemorySegment padded(float[] values) {
        MemorySegment copy = weights.allocate(paddedBytes(values.length), vectorBytes);
        MemorySegment.copy(values, 0, copy, HostTensor.FLOAT, 0, values.length);
        return copy;
    }

    private long paddedBytes(int length) {
        return Math.ceilDiv(4L * length, vectorBytes) * vectorBytes;
    }

    /** Applies layer norm to some rows in place. */
    protected abstract void normalize(long firstRow, int rowCount, PaddedNorm norm, int worker);

    @Override
    protected final void normalizeRow(float[] row, Norm norm, int worker) {
        int length = norm.size();
        long bytes = paddedBytes(length);
        if (rows[worker].byteSize() < bytes) {
            rows[worker] = Arena.ofAuto().allocate(bytes, vectorBytes);
        }
        MemorySegment x = rows[worker];
        MemorySegment.copy(row, 0, x, HostTensor.FLOAT, 0, length);
        normalize(x.address(), 1, (PaddedNorm) norm, worker);
        MemorySegment.copy(x, HostTensor.FLOAT, 0, row, 0, length);
    }

    @Override
    protected final void normalizeRows(HostTensor x, Norm norm) {
        team.run(Math.ceilDiv(x.rows(), ROWS_PER_PIECE), (piece, worker) -> {
            int first = piece * ROWS_PER_PIECE;
            normalize(x.data().address() + x.offsetBytes(first),
                    Math.min(ROWS_PER_PIECE, x.rows() - first), (PaddedNorm) norm, worker);
        });
    }
}
