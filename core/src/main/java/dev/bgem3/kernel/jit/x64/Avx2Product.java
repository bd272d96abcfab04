package dev.bgem3.kernel.jit.x64;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.LinearFinish;
import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.Kernels.Linear;
import dev.bgem3.kernel.MatrixSource;
import dev.bgem3.kernel.PackedLinear;
import dev.bgem3.kernel.ThreadTeam;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;
import java.util.Optional;

/**
 * {@link Avx512Product} in AVX2: {@code out = finish(in · weightᵀ + bias)}, the linear layers.
 *
 * <p>
 * The weight is packed once into panels, as {@link Avx2TileKernel} reads them; columns beyond N are zeros. The work is cut into
 * blocks of rows times ranges of panels. A piece takes one panel after another, and a panel in slices of
 * {@link #SLICE_STEPS} steps, 16 KiB: such a slice stays in the first-level cache while the rows of the block pass by, whose sums
 * wait in between.
 */
final class Avx2Product {
    private static final int BLOCK_ROWS = 32 * Avx2TileKernel.MOST_ROWS;
    private static final int SLICE_STEPS = 256;
    /** So many pieces of work for each thread, so that the last to finish is not far behind. */
    private static final int PIECES_PER_THREAD = 6;
    /** int8 weights are symmetric: −127 to 127. */
    private static final int INT8_RANGE = 127;
    private static final int ALIGNMENT = 64;
    private static final int PANEL = Avx2TileKernel.PANEL;
    private static final int PANEL_BYTES = 4 * PANEL;

    /**
     * A weight [N, K] as panels {@code [⌈N / PANEL⌉][steps][PANEL]} of words of 32 bits, which hold 1 or 4 numbers of K; its bias
     * padded with zeros; for int8 each column's scale, and 128 times the sum of its numbers.
     */
    record Packed(MemorySegment panels, MemorySegment bias, MemorySegment scales, MemorySegment offsets,
            int outputSize, int inputSize, int numbersPerWord, PackedLinear whole) implements Linear {
        @Override
        public Optional<PackedLinear> packed() {
            return Optional.of(whole);
        }

        int panelCount() {
            return (outputSize + PANEL - 1) / PANEL;
        }

        int steps() {
            return (inputSize + numbersPerWord - 1) / numbersPerWord;
        }

        private boolean int8() {
            return numbersPerWord == 4;
        }
    }

    /** A worker's own memory. */
    static final class Scratch {
        private final Arena arena = Arena.ofAuto();
        private final MemorySegment tileBlock = arena.allocate(Avx2TileKernel.BLOCK_BYTES, ALIGNMENT);
        private final MemorySegment operandBlock = arena.allocate(Avx2OperandKernel.BLOCK_BYTES, ALIGNMENT);
        private final MemorySegment rowScales = arena.allocate(4L * BLOCK_ROWS, ALIGNMENT);
        private final MemorySegment zeros = arena.allocate(PANEL_BYTES, ALIGNMENT);
        /** Sums between slices, and the tiles of columns that do not fill a panel. */
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

    /** One call's operands. */
    private record Call(Avx2Code code, HostTensor out, HostTensor in, Packed layer,
            TileFinish finish, HostTensor residual) {}

    private Avx2Product() {}

    /**
     * Takes a weight from where it is packed already, else packs it with all the team's threads; the panels then live as long as
     * {@code arena}. A packed layer is its panels, its bias and, for int8, its scales and offsets, one after another.
     */
    static Packed pack(ThreadTeam team, Arena arena, Arithmetic arithmetic, Arithmetic kernelsArithmetic,
            MatrixSource weight,
            float[] bias) {
        String layout = "jit-panel" + PANEL + "-" + kernelsArithmetic.name().toLowerCase(Locale.ROOT);
        boolean int8 = arithmetic == Arithmetic.INT8;
        int panelCount = (weight.rows() + PANEL - 1) / PANEL;
        int numbersPerWord = int8 ? 4 : 1;
        long columnsBytes = (long) panelCount * PANEL_BYTES;
        long panelsBytes = columnsBytes * ((weight.columns() + numbersPerWord - 1) / numbersPerWord);
        long bytes = panelsBytes + (int8 ? 3 : 1) * columnsBytes;
        Optional<MemorySegment> kept = weight.packed(layout).filter(there -> there.byteSize() == bytes);
        MemorySegment whole = kept.orElseGet(() -> arena.allocate(bytes, ALIGNMENT));
        Packed packed = new Packed(whole.asSlice(0, panelsBytes), whole.asSlice(panelsBytes, columnsBytes),
                int8 ? whole.asSlice(panelsBytes + columnsBytes, columnsBytes) : MemorySegment.NULL,
                int8 ? whole.asSlice(panelsBytes + 2 * columnsBytes, columnsBytes) : MemorySegment.NULL,
                weight.rows(), weight.columns(), numbersPerWord, new PackedLinear(layout, whole));
        if (kept.isEmpty()) {
            MemorySegment.copy(bias, 0, packed.bias, HostTensor.FLOAT, 0, bias.length);
            team.run(panelCount, (panel, _) -> packPanel(packed, panel, weight));
        }
        return packed;
    }

    private static void packPanel(Packed packed, int panel, MatrixSource weight) {
        int first = panel * PANEL;
        int count = Math.min(PANEL, packed.outputSize - first);
        int[] words = new int[packed.steps() * PANEL];
        float[] row = new float[packed.steps() * packed.numbersPerWord];
        for (int j = 0; j < count; j++) {
            weight.readRow(first + j, row, 0);
            if (packed.int8()) {
                packInt8(packed, first + j, row, words, j);
            } else {
                for (int i = 0; i < row.length; i++) {
                    words[i * PANEL + j] = Float.floatToRawIntBits(row[i]);
                }
            }
        }
        MemorySegment.copy(words, 0, packed.panels, ValueLayout.JAVA_INT, 4L * panel * words.length,
                words.length);
    }

    private static void packInt8(Packed packed, int column, float[] row, int[] words, int place) {
        float largest = 0;
        for (float number : row) {
            largest = Math.max(largest, Math.abs(number));
        }
        int sum = 0;
        for (int i = 0; i < row.length; i++) {
            int rounded = largest == 0 ? 0 : Math.round(row[i] / largest * INT8_RANGE);
            words[i / 4 * PANEL + place] |= (rounded & 0xff) << i % 4 * 8;
            sum += rounded;
        }
        packed.scales.set(HostTensor.FLOAT, 4L * column, largest / INT8_RANGE);
        packed.offsets.set(ValueLayout.JAVA_INT, 4L * column, 128 * sum);
    }

    /**
     * Runs a layer.
     *
     * @param residual
     *            [M, N] for {@link LinearFinish#BIAS_RESIDUAL}, and may be {@code out}; else null
     */
    static void run(ThreadTeam team, Avx2Code code, Scratch[] scratches, HostTensor out, HostTensor in,
            Packed layer, LinearFinish finish, HostTensor residual) {
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
        Packed layer = call.layer;
        HostTensor in = call.in;
        long left = in.data().address() + in.offsetBytes(firstRow);
        long leftStride = 4L * in.columns();
        if (layer.int8()) {
            // A line more than whole lines: rows at multiples of a page would share the cache's sets.
            long stride = (in.columns() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + ALIGNMENT;
            MemorySegment operand = scratch.operand(stride * rows);
            Avx2OperandKernel.fill(scratch.operandBlock, left, leftStride, operand.address(), stride, rows,
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
            int columns = layer.outputSize - column;
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

    /** One panel's columns of a block of rows, slice by slice. */
    private static void multiply(Call call, Scratch scratch, int panel, int rows, long out, long outStride,
            long left, long leftStride, long residual) {
        Packed layer = call.layer;
        MemorySegment block = scratch.tileBlock;
        int column = panel * PANEL;
        int steps = layer.steps();
        long panelAddress = layer.panels.address() + (long) panel * steps * PANEL_BYTES;
        long rowScales = layer.int8() ? scratch.rowScales.address() : 0;
        Avx2TileKernel.fillScales(block, layer.scales.address() + 4L * column,
                layer.offsets.address() + 4L * column);
        for (int from = 0; from < steps; from += SLICE_STEPS) {
            boolean last = from + SLICE_STEPS >= steps;
            Avx2TileKernel.fill(block, last ? outStride : PANEL_BYTES, leftStride,
                    Math.min(SLICE_STEPS, steps - from));
            Avx2TileKernel.fillPanel(block, panelAddress + (long) from * PANEL_BYTES,
                    layer.bias.address() + 4L * column);
            Avx2TileKernel.fillStart(block, from == 0 ? scratch.zeros.address() : scratch.tiles.address(),
                    from == 0 ? 0 : PANEL_BYTES);
            Avx2TileKernel.fillRows(block, last ? out : scratch.tiles.address(), left + 4L * from, residual,
                    rowScales);
            if (layer.int8()) {
                call.code.multiplyInt8(last ? call.finish : TileFinish.NONE, block, rows);
            } else {
                call.code.multiply(last ? call.finish : TileFinish.NONE, block, rows);
            }
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
