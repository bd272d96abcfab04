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
 * The weight is packed once into panels for {@link Avx512TileKernel}; columns beyond N are zeros. The work is
 * split into blocks of rows and ranges of panels. A piece computes one panel after another; a panel (128 KiB
 * at K = 1,024) stays in the level 2 cache while all rows of the block use it.
 */
final class Avx512Product {
    private static final int BLOCK_ROWS = 12 * Avx512TileKernel.MAX_ROWS;
    /** The number of rows in a piece of the conversion of the left operand. */
    private static final int OPERAND_ROWS = 16;
    /**
     * Rows whose distance is a multiple of this compete for the same sets of the level 1 cache, which have as
     * few ways as a tile has rows; avoiding that saves 2 % of all time at 2,048 tokens in int8.
     */
    private static final int CACHE_WAY_BYTES = 4_096;
    /**
     * With more pieces of work for each thread, the threads finish closer together, but a small piece ends
     * before its data is in the cache. So a piece has {@link #PIECE_MULTIPLY_ADDS}, within these limits on
     * the number of pieces.
     */
    private static final int MIN_PIECES_PER_THREAD = 6;
    private static final int MAX_PIECES_PER_THREAD = 24;
    /** About 35 µs of one thread in int8. */
    private static final long PIECE_MULTIPLY_ADDS = 16_000_000;

    /** The memory of one worker. */
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
     *            the address of the first row
     * @param strideBytes
     *            the distance between rows
     * @param scales
     *            in int8 the address of the scales, one per row; otherwise 0
     */
    private record Operand(long rows, long strideBytes, long scales) {}

    private Avx512Product() {}

    /**
     * Runs a layer.
     *
     * @param residual
     *            [M, N] for {@link LinearFinish#BIAS_RESIDUAL}, may be {@code out}; otherwise null
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
     * Converts the whole left operand into scratch memory, which the next product overwrites; no copy if it
     * already has the layer's type.
     */
    private static Operand operand(ThreadTeam team, Avx512Code code, Scratch[] scratches,
            HostWorkspace operands,
            HostTensor in, Arithmetic arithmetic) {
        if (arithmetic == (in.isBf16() ? Arithmetic.BF16 : Arithmetic.FP32)) {
            return new Operand(in.data().address(), in.offsetBytes(1), 0);
        }
        Code conversion = code.operand(in.isBf16(), arithmetic);
        // Whole vectors of 16 numbers, and so whole words, with zeros beyond K.
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
