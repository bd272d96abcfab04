package dev.bgem3.kernel.jit;

import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.Kernels.Linear;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.ThreadTeam;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * {@code out = finish(in · weightᵀ + bias)}: the linear layers.
 *
 * <p>
 * The weight is packed once into panels, as {@link TileKernel} reads them; columns beyond N are zeros. The work is cut into
 * blocks of rows times ranges of panels; a piece takes one panel after another, whose slice of the weight (128 KiB at K = 1,024)
 * stays in the second-level cache while all rows of the block pass by.
 */
final class JitProduct {
    private static final int BLOCK_ROWS = 12 * TileKernel.MOST_ROWS;
    /** So many pieces of work for each thread, so that the last to finish is not far behind. */
    private static final int PIECES_PER_THREAD = 6;

    /** A weight [N, K] as panels {@code [⌈N / PANEL⌉][K][PANEL]}, and its bias padded with zeros. */
    record Packed(MemorySegment panels, MemorySegment bias, int outputSize, int inputSize) implements Linear {
        int panelCount() {
            return (outputSize + TileKernel.PANEL - 1) / TileKernel.PANEL;
        }

        private long panelBytes() {
            return 4L * inputSize * TileKernel.PANEL;
        }
    }

    private JitProduct() {}

    /** Packs a weight with all the team's threads; the panels live as long as {@code arena}. */
    static Packed pack(ThreadTeam team, Arena arena, MatrixSource weight, float[] bias) {
        int panelCount = (weight.rows() + TileKernel.PANEL - 1) / TileKernel.PANEL;
        MemorySegment panels = arena.allocate(4L * panelCount * weight.columns() * TileKernel.PANEL,
                VectorCode.BYTES);
        MemorySegment paddedBias = arena.allocate(4L * panelCount * TileKernel.PANEL, VectorCode.BYTES);
        MemorySegment.copy(bias, 0, paddedBias, HostTensor.FLOAT, 0, bias.length);
        Packed packed = new Packed(panels, paddedBias, weight.rows(), weight.columns());
        team.run(panelCount, (panel, _) -> packPanel(packed, panel, weight));
        return packed;
    }

    private static void packPanel(Packed packed, int panel, MatrixSource weight) {
        int k = packed.inputSize;
        int first = panel * TileKernel.PANEL;
        int count = Math.min(TileKernel.PANEL, packed.outputSize - first);
        float[] rows = new float[count * k];
        for (int j = 0; j < count; j++) {
            weight.readRow(first + j, rows, j * k);
        }
        float[] transposed = new float[k * TileKernel.PANEL];
        for (int i = 0; i < k; i++) {
            for (int j = 0; j < count; j++) {
                transposed[i * TileKernel.PANEL + j] = rows[j * k + i];
            }
        }
        MemorySegment.copy(transposed, 0, packed.panels, HostTensor.FLOAT, panel * packed.panelBytes(),
                transposed.length);
    }

    /**
     * Runs a layer.
     *
     * @param blocks
     *            an argument block for each worker
     * @param residual
     *            [M, N] for {@link TileKernel.Finish#BIAS_RESIDUAL}, and may be {@code out}; else null
     */
    static void run(ThreadTeam team, KernelCode code, MemorySegment[] blocks, HostTensor out, HostTensor in,
            Packed layer, TileKernel.Finish finish, HostTensor residual) {
        int rowBlocks = (in.rows() + BLOCK_ROWS - 1) / BLOCK_ROWS;
        int ranges = Math.clamp((PIECES_PER_THREAD * team.threads() + rowBlocks - 1) / Math.max(1, rowBlocks),
                1,
                layer.panelCount());
        team.run(rowBlocks * ranges, (piece, worker) -> {
            int firstRow = piece / ranges * BLOCK_ROWS;
            int rows = Math.min(BLOCK_ROWS, in.rows() - firstRow);
            int range = piece % ranges;
            int toPanel = (int) ((long) layer.panelCount() * (range + 1) / ranges);
            MemorySegment block = blocks[worker];
            long outStride = 4L * out.columns();
            long leftStride = 4L * in.columns();
            TileKernel.fill(block, outStride, leftStride, layer.inputSize);
            for (int panel = (int) ((long) layer.panelCount() * range / ranges); panel < toPanel; panel++) {
                int column = panel * TileKernel.PANEL;
                TileKernel.fillPanel(block, layer.panels.address() + panel * layer.panelBytes(),
                        layer.bias.address() + 4L * column, layer.outputSize - column);
                code.multiply(finish, block, rows,
                        out.data().address() + out.offsetBytes(firstRow) + 4L * column,
                        outStride, in.data().address() + in.offsetBytes(firstRow), leftStride,
                        residual == null
                                ? 0
                                : residual.data().address() + residual.offsetBytes(firstRow) + 4L * column);
            }
        });
    }
}
