package dev.bgem3.kernel.jit.x64;

import dev.bgem3.kernel.LinearFinish;
import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.ThreadTeam;
import dev.bgem3.kernel.jit.PackedPanels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The linear layers in AVX2: {@code out = finish(in · weightᵀ + bias)}.
 *
 * <p>
 * The weight is packed once into panels for {@link Avx2TileKernel}; columns beyond N are zeros. The work is
 * split into blocks of rows and ranges of panels. A piece computes one panel after another, and each panel in
 * slices of {@link #SLICE_STEPS} steps, 16 KiB: a slice stays in the level 1 cache while all rows of the
 * block use it, and memory holds their sums between slices.
 */
final class Avx2Product {
    private static final int BLOCK_ROWS = 32 * Avx2TileKernel.MAX_ROWS;
    private static final int SLICE_STEPS = 256;
    /** The pieces of work for each thread: several, so that all threads finish at about the same time. */
    private static final int PIECES_PER_THREAD = 6;
    private static final int ALIGNMENT = 64;
    private static final int PANEL = Avx2TileKernel.PANEL;
    private static final int PANEL_BYTES = 4 * PANEL;

    /** The memory of one worker. */
    static final class Scratch {
        private final Arena arena = Arena.ofAuto();
        private final MemorySegment tileBlock = arena.allocate(Avx2TileKernel.BLOCK_BYTES, ALIGNMENT);
        private final MemorySegment operandBlock = arena.allocate(OperandKernel.blockBytes(Vectors.AVX2),
                ALIGNMENT);
        private final MemorySegment rowScales = arena.allocate(4L * BLOCK_ROWS, ALIGNMENT);
        private final MemorySegment zeros = arena.allocate(PANEL_BYTES, ALIGNMENT);
        /** Sums between slices, and tiles of columns that do not fill a panel. */
        private final MemorySegment tiles = arena.allocate((long) BLOCK_ROWS * PANEL_BYTES, ALIGNMENT);
        private final MemorySegment residuals = arena.allocate((long) BLOCK_ROWS * PANEL_BYTES, ALIGNMENT);
        private MemorySegment operand = MemorySegment.NULL;

        private MemorySegment operand(long bytes) {
            if (operand.byteSize() < bytes) {
                operand = Arena.ofAuto().allocate(bytes, ALIGNMENT);
            }
            return operand;
        }
    }

    /** The operands of one call. */
    private record Call(Avx2Code code, HostTensor out, HostTensor in, PackedPanels layer,
            TileFinish finish, HostTensor residual) {}

    private Avx2Product() {}

    /**
     * Runs a layer.
     *
     * @param residual
     *            [M, N] for {@link LinearFinish#BIAS_RESIDUAL}, may be {@code out}; otherwise null
     */
    static void run(ThreadTeam team, Avx2Code code, Scratch[] scratches, HostTensor out, HostTensor in,
            PackedPanels layer, LinearFinish finish, HostTensor residual) {
        Call call = new Call(code, out, in, layer, TileFinish.of(finish), residual);
        int rowBlocks = (in.rows() + BLOCK_ROWS - 1) / BLOCK_ROWS;
        int ranges = Math.clamp((PIECES_PER_THREAD * team.threads() + rowBlocks - 1) / Math.max(1, rowBlocks),
                1, layer.panelCount());
        team.run(rowBlocks * ranges, (piece, worker) -> {
            int firstRow = piece / ranges * BLOCK_ROWS;
            int range = piece % ranges;
            runPiece(call, scratches[worker], firstRow, Math.min(BLOCK_ROWS, in.rows() - firstRow),
                    (int) ((long) layer.panelCount() * range / ranges),
                    (int) ((long) layer.panelCount() * (range + 1) / ranges));
        });
    }

    private static void runPiece(Call call, Scratch scratch, int firstRow, int rows, int fromPanel,
            int toPanel) {
        PackedPanels layer = call.layer;
        HostTensor in = call.in;
        long left = in.data().address() + in.offsetBytes(firstRow);
        long leftStride = 4L * in.columns();
        if (layer.arithmetic().isScaled()) {
            // One more line than necessary: rows at multiples of a page would share cache sets.
            long stride = (in.columns() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + ALIGNMENT;
            MemorySegment operand = scratch.operand(stride * rows);
            OperandKernel.fill(Vectors.AVX2, scratch.operandBlock, left, leftStride, operand.address(),
                    stride, rows,
                    in.columns(), scratch.rowScales.address());
            call.code.operand.call(scratch.operandBlock);
            left = operand.address();
            leftStride = stride;
        }
        for (int panel = fromPanel; panel < toPanel; panel++) {
            int column = panel * PANEL;
            long out = call.out.data().address() + call.out.offsetBytes(firstRow) + 4L * column;
            long outStride = 4L * call.out.columns();
            long residual = call.residual == null
                    ? 0
                    : call.residual.data().address() + call.residual.offsetBytes(firstRow) + 4L * column;
            int columns = layer.outputSize() - column;
            if (columns >= PANEL) {
                multiply(call, scratch, panel, rows, out, outStride, left, leftStride, residual);
            } else {
                if (call.residual != null) {
                    copyColumns(scratch.residuals, 0, PANEL, call.residual.data(),
                            call.residual.offsetBytes(firstRow) + 4L * column, call.residual.columns(), rows,
                            columns);
                    residual = scratch.residuals.address();
                }
                multiply(call, scratch, panel, rows, scratch.tiles.address(), PANEL_BYTES, left, leftStride,
                        residual);
                copyColumns(call.out.data(), call.out.offsetBytes(firstRow) + 4L * column, call.out.columns(),
                        scratch.tiles, 0, PANEL, rows, columns);
            }
        }
    }

    /** Computes the columns of one panel for a block of rows, slice by slice. */
    private static void multiply(Call call, Scratch scratch, int panel, int rows, long out, long outStride,
            long left, long leftStride, long residual) {
        PackedPanels layer = call.layer;
        MemorySegment block = scratch.tileBlock;
        int column = panel * PANEL;
        int steps = layer.steps();
        long panelAddress = layer.panelAddress(panel);
        long rowScales = layer.arithmetic().isScaled() ? scratch.rowScales.address() : 0;
        Avx2TileKernel.fillScales(block, layer.scales().address() + 4L * column,
                layer.offsets().address() + 4L * column);
        for (int from = 0; from < steps; from += SLICE_STEPS) {
            boolean last = from + SLICE_STEPS >= steps;
            Avx2TileKernel.fill(block, last ? outStride : PANEL_BYTES, leftStride,
                    Math.min(SLICE_STEPS, steps - from));
            Avx2TileKernel.fillPanel(block, panelAddress + (long) from * PANEL_BYTES,
                    layer.bias().address() + 4L * column);
            Avx2TileKernel.fillStart(block, from == 0 ? scratch.zeros.address() : scratch.tiles.address(),
                    from == 0 ? 0 : PANEL_BYTES);
            Avx2TileKernel.fillRows(block, last ? out : scratch.tiles.address(), left + 4L * from, residual,
                    rowScales);
            call.code.multiply(layer.arithmetic(), last ? call.finish : TileFinish.NONE, block, rows);
        }
    }

    /** Copies {@code columns} columns of {@code rows} rows; the strides are in floats. */
    private static void copyColumns(MemorySegment to, long toOffset, int toStride, MemorySegment from,
            long fromOffset, int fromStride, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            MemorySegment.copy(from, fromOffset + 4L * row * fromStride, to, toOffset + 4L * row * toStride,
                    4L * columns);
        }
    }
}
