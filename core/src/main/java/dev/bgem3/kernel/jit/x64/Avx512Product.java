package dev.bgem3.kernel.jit.x64;

import dev.bgem3.asm.Code;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.LinearFinish;
import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.HostWorkspace;
import dev.bgem3.kernel.ThreadTeam;
import dev.bgem3.kernel.jit.PackedPanels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The linear layers in AVX-512: {@code out = finish(in · weightᵀ + bias)}.
 *
 * <p>
 * The weight is packed once into panels, as {@link Avx512TileKernel} reads them; columns beyond N are zeros.
 * The work is cut into blocks of rows times ranges of panels; a piece takes one panel after another, whose
 * slice of the weight (128 KiB at K = 1,024) stays in the second-level cache while all rows of the block pass
 * by.
 */
final class Avx512Product {
    private static final int BLOCK_ROWS = 12 * Avx512TileKernel.MAX_ROWS;
    /** Rows of a piece of the left operand's rounding. */
    private static final int OPERAND_ROWS = 16;
    /**
     * Rows that begin so far apart, or a multiple of it, compete for the same places of the first-level
     * cache, as few as a tile has rows: by 2 % of all at 2,048 tokens in int8.
     */
    private static final int CACHE_WAY_BYTES = 4_096;
    /**
     * The more pieces of work for each thread, the less one is behind the others at the end; but a small one
     * is over before it has what it reads in its cache. So there are as many, between these two, as have
     * {@link #PIECE_MULTIPLY_ADDS} each.
     */
    private static final int MIN_PIECES_PER_THREAD = 6;
    private static final int MAX_PIECES_PER_THREAD = 24;
    /** Some 35 µs of one thread in int8. */
    private static final long PIECE_MULTIPLY_ADDS = 16_000_000;

    /** A worker's own memory. */
    static final class Scratch {
        private final MemorySegment tileBlock = Arena.ofAuto().allocate(Avx512TileKernel.BLOCK_BYTES,
                Avx512VectorCode.BYTES);
        private final MemorySegment operandBlock = Arena.ofAuto().allocate(
                OperandKernel.blockBytes(Vectors.AVX512),
                Avx512VectorCode.BYTES);
    }

    /**
     * A left operand in the layer's arithmetic.
     *
     * @param rows
     *            where its first row starts
     * @param strideBytes
     *            from one row to the next
     * @param scales
     *            int8's, one a row, else 0
     */
    private record Operand(long rows, long strideBytes, long scales) {}

    private Avx512Product() {}

    /**
     * Runs a layer.
     *
     * @param residual
     *            [M, N] for {@link LinearFinish#BIAS_RESIDUAL}, and may be {@code out}; else null
     */
    static void run(ThreadTeam team, Avx512Code code, Scratch[] scratches, HostWorkspace operands,
            HostTensor out,
            HostTensor in, PackedPanels layer, LinearFinish finish, HostTensor residual) {
        int end = code.end(TileFinish.of(finish), out.isBf16());
        int rowBlocks = (in.rows() + BLOCK_ROWS - 1) / BLOCK_ROWS;
        int ranges = Math.clamp(
                Math.ceilDiv(pieces(team.threads(), in.rows(), layer), Math.max(1, rowBlocks)), 1,
                layer.panelCount());
        Operand left = operand(team, code, scratches, operands, in, layer.arithmetic());
        team.run(rowBlocks * ranges, (piece, worker) -> {
            int firstRow = piece / ranges * BLOCK_ROWS;
            int rows = Math.min(BLOCK_ROWS, in.rows() - firstRow);
            int range = piece % ranges;
            runPiece(code, scratches[worker], out, left, layer, end, residual, firstRow, rows,
                    (int) ((long) layer.panelCount() * range / ranges),
                    (int) ((long) layer.panelCount() * (range + 1) / ranges));
        });
    }

    private static int pieces(int threads, int rows, PackedPanels layer) {
        return Math.clamp((long) rows * layer.outputSize() * layer.inputSize() / PIECE_MULTIPLY_ADDS,
                MIN_PIECES_PER_THREAD * threads, MAX_PIECES_PER_THREAD * threads);
    }

    /**
     * The whole left operand, once, in memory that the next product may overwrite; it stays where it is if it
     * fits as it lies.
     */
    private static Operand operand(ThreadTeam team, Avx512Code code, Scratch[] scratches,
            HostWorkspace operands,
            HostTensor in, Arithmetic arithmetic) {
        if (arithmetic == (in.isBf16() ? Arithmetic.BF16 : Arithmetic.FP32)) {
            return new Operand(in.data().address(), in.offsetBytes(1), 0);
        }
        Code conversion = code.operand(in.isBf16(), arithmetic);
        // Whole vectors of 16 numbers, and so whole words: what is beyond K is zeros.
        long bytes = Math.ceilDiv(in.columns(), Avx512VectorCode.LANES) * (long) Avx512VectorCode.BYTES
                / arithmetic.numbersPerWord();
        long stride = bytes % CACHE_WAY_BYTES == 0 ? bytes + Avx512VectorCode.BYTES : bytes;
        operands.reset();
        long rows = operands.memory(stride * in.rows()).address();
        long scales = arithmetic.isScaled() ? operands.memory(4L * in.rows()).address() : 0;
        team.run(Math.ceilDiv(in.rows(), OPERAND_ROWS), (piece, worker) -> {
            int first = piece * OPERAND_ROWS;
            MemorySegment block = scratches[worker].operandBlock;
            OperandKernel.fill(Vectors.AVX512, block, in.data().address() + in.offsetBytes(first),
                    in.offsetBytes(1),
                    rows + first * stride, stride, Math.min(OPERAND_ROWS, in.rows() - first), in.columns(),
                    scales == 0 ? 0 : scales + 4L * first);
            conversion.call(block);
        });
        return new Operand(rows, stride, scales);
    }

    private static void runPiece(Avx512Code code, Scratch scratch, HostTensor out, Operand left,
            PackedPanels layer, int end, HostTensor residual, int firstRow, int rows, int fromPanel,
            int toPanel) {
        MemorySegment block = scratch.tileBlock;
        Code tiles = code.layer(layer.arithmetic());
        Avx512TileKernel.fill(block, out.offsetBytes(1), left.strideBytes, layer.steps(), end);
        for (int panel = fromPanel; panel < toPanel; panel++) {
            int column = panel * Avx512TileKernel.PANEL;
            Avx512TileKernel.fillPanel(block, layer.panelAddress(panel),
                    layer.bias().address() + 4L * column, layer.outputSize() - column);
            Avx512TileKernel.fillScales(block, layer.scales().address() + 4L * column,
                    layer.offsets().address() + 4L * column);
            Avx512TileKernel.fillRows(block, rows, out.address(firstRow, column),
                    left.rows + firstRow * left.strideBytes,
                    residual == null
                            ? 0
                            : residual.address(firstRow, column),
                    left.scales == 0 ? 0 : left.scales + 4L * firstRow);
            tiles.call(block);
        }
    }
}
