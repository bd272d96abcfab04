package dev.bgem3.kernel.jit.x64;

import dev.bgem3.asm.Code;
import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.LinearFinish;
import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.HostWorkspace;
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
 * {@code out = finish(in · weightᵀ + bias)}: the linear layers.
 *
 * <p>
 * The weight is packed once into panels, as {@link Avx512TileKernel} reads them; columns beyond N are zeros. The work is cut into
 * blocks of rows times ranges of panels; a piece takes one panel after another, whose slice of the weight (128 KiB at K = 1,024)
 * stays in the second-level cache while all rows of the block pass by.
 */
final class Avx512Product {
    private static final int BLOCK_ROWS = 12 * Avx512TileKernel.MOST_ROWS;
    /** Rows of a piece of the left operand's rounding. */
    private static final int OPERAND_ROWS = 16;
    /**
     * Rows that begin so far apart, or a multiple of it, compete for the same places of the first-level cache, as few as a tile has rows: by
     * 2 % of all at 2,048 tokens in int8.
     */
    private static final int CACHE_WAY_BYTES = 4_096;
    /**
     * The more pieces of work for each thread, the less one is behind the others at the end; but a small one is over before it has what it
     * reads in its cache. So there are as many, between these two, as have {@link #PIECE_MULTIPLY_ADDS} each.
     */
    private static final int LEAST_PIECES_PER_THREAD = 6;
    private static final int MOST_PIECES_PER_THREAD = 24;
    /** Some 35 µs of one thread in int8. */
    private static final long PIECE_MULTIPLY_ADDS = 16_000_000;
    /** int8 weights are symmetric: −127 to 127. */
    private static final int INT8_RANGE = 127;

    /**
     * A weight [N, K] as panels {@code [⌈N / PANEL⌉][steps][PANEL]} of words of 32 bits, which hold 1, 2 or 4 numbers of K; its
     * bias padded with zeros; for int8 each column's scale, and 128 times the sum of its numbers.
     */
    record Packed(MemorySegment panels, MemorySegment bias, MemorySegment scales, MemorySegment offsets,
            int outputSize,
            int inputSize, Arithmetic arithmetic, int numbersPerWord, PackedLinear whole) implements Linear {
        @Override
        public Optional<PackedLinear> packed() {
            return Optional.of(whole);
        }

        int panelCount() {
            return (outputSize + Avx512TileKernel.PANEL - 1) / Avx512TileKernel.PANEL;
        }

        int steps() {
            return (inputSize + numbersPerWord - 1) / numbersPerWord;
        }

        private long panelBytes() {
            return 4L * steps() * Avx512TileKernel.PANEL;
        }
    }

    /** A worker's own memory. */
    static final class Scratch {
        private final MemorySegment tileBlock = Arena.ofAuto().allocate(Avx512TileKernel.BLOCK_BYTES,
                Avx512VectorCode.BYTES);
        private final MemorySegment operandBlock = Arena.ofAuto().allocate(Avx512OperandKernel.BLOCK_BYTES,
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
     * Takes a weight from where it is packed already, else packs it with all the team's threads; the panels then live as long as
     * {@code arena}. A packed layer is its panels, its bias and, for int8, its scales and offsets, one after another.
     *
     * @param arithmetic
     *            of this layer
     * @param kernelsArithmetic
     *            of most, which names the layout of all
     */
    static Packed pack(ThreadTeam team, Arena arena, Arithmetic arithmetic, Arithmetic kernelsArithmetic,
            MatrixSource weight, float[] bias) {
        String layout = "jit-panel" + Avx512TileKernel.PANEL + "-"
                + kernelsArithmetic.name().toLowerCase(Locale.ROOT);
        int panelCount = (weight.rows() + Avx512TileKernel.PANEL - 1) / Avx512TileKernel.PANEL;
        int numbersPerWord = switch (arithmetic) {
            case FP32 -> 1;
            case BF16 -> 2;
            case INT8 -> 4;
            case FP16 -> throw InstructionSet.notOffered(arithmetic);
        };
        int steps = (weight.columns() + numbersPerWord - 1) / numbersPerWord;
        long columnsBytes = 4L * panelCount * Avx512TileKernel.PANEL;
        long panelsBytes = columnsBytes * steps;
        boolean int8 = arithmetic == Arithmetic.INT8;
        long bytes = panelsBytes + (int8 ? 3 : 1) * columnsBytes;
        Optional<MemorySegment> kept = weight.packed(layout).filter(there -> there.byteSize() == bytes);
        MemorySegment whole = kept.orElseGet(() -> arena.allocate(bytes, Avx512VectorCode.BYTES));
        Packed packed = new Packed(whole.asSlice(0, panelsBytes), whole.asSlice(panelsBytes, columnsBytes),
                int8 ? whole.asSlice(panelsBytes + columnsBytes, columnsBytes) : MemorySegment.NULL,
                int8 ? whole.asSlice(panelsBytes + 2 * columnsBytes, columnsBytes) : MemorySegment.NULL,
                weight.rows(), weight.columns(), arithmetic, numbersPerWord, new PackedLinear(layout, whole));
        if (kept.isEmpty()) {
            MemorySegment.copy(bias, 0, packed.bias, HostTensor.FLOAT, 0, bias.length);
            team.run(panelCount, (panel, _) -> packPanel(packed, panel, weight));
        }
        return packed;
    }

    private static void packPanel(Packed packed, int panel, MatrixSource weight) {
        int first = panel * Avx512TileKernel.PANEL;
        int count = Math.min(Avx512TileKernel.PANEL, packed.outputSize - first);
        int[] words = new int[packed.steps() * Avx512TileKernel.PANEL];
        float[] row = new float[packed.steps() * packed.numbersPerWord];
        for (int j = 0; j < count; j++) {
            weight.readRow(first + j, row, 0);
            switch (packed.numbersPerWord) {
                case 1 -> {
                    for (int i = 0; i < row.length; i++) {
                        words[i * Avx512TileKernel.PANEL + j] = Float.floatToRawIntBits(row[i]);
                    }
                }
                case 2 -> {
                    for (int i = 0; i < row.length; i += 2) {
                        words[i / 2 * Avx512TileKernel.PANEL + j] = bf16(row[i]) | bf16(row[i + 1]) << 16;
                    }
                }
                default -> packInt8(packed, first + j, row, words, j);
            }
        }
        MemorySegment.copy(words, 0, packed.panels, ValueLayout.JAVA_INT, panel * packed.panelBytes(),
                words.length);
    }

    /** The upper half of a finite number's bits, rounded to nearest even. */
    private static int bf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        return bits + 0x7fff + (bits >>> 16 & 1) >>> 16;
    }

    private static void packInt8(Packed packed, int column, float[] row, int[] words, int place) {
        float largest = 0;
        for (float number : row) {
            largest = Math.max(largest, Math.abs(number));
        }
        float scale = largest / INT8_RANGE;
        int sum = 0;
        for (int i = 0; i < row.length; i++) {
            int rounded = largest == 0 ? 0 : Math.round(row[i] / largest * INT8_RANGE);
            words[i / 4 * Avx512TileKernel.PANEL + place] |= (rounded & 0xff) << i % 4 * 8;
            sum += rounded;
        }
        packed.scales.set(HostTensor.FLOAT, 4L * column, scale);
        packed.offsets.set(ValueLayout.JAVA_INT, 4L * column, 128 * sum);
    }

    /**
     * Runs a layer.
     *
     * @param residual
     *            [M, N] for {@link LinearFinish#BIAS_RESIDUAL}, and may be {@code out}; else null
     */
    static void run(ThreadTeam team, Avx512Code code, Scratch[] scratches, HostWorkspace operands,
            HostTensor out,
            HostTensor in, Packed layer, LinearFinish finish, HostTensor residual) {
        int end = code.end(TileFinish.of(finish), out.isBf16());
        int rowBlocks = (in.rows() + BLOCK_ROWS - 1) / BLOCK_ROWS;
        int ranges = Math.clamp(
                Math.ceilDiv(pieces(team.threads(), in.rows(), layer), Math.max(1, rowBlocks)), 1,
                layer.panelCount());
        Operand left = operand(team, code, scratches, operands, in, layer.arithmetic, layer.numbersPerWord);
        team.run(rowBlocks * ranges, (piece, worker) -> {
            int firstRow = piece / ranges * BLOCK_ROWS;
            int rows = Math.min(BLOCK_ROWS, in.rows() - firstRow);
            int range = piece % ranges;
            runPiece(code, scratches[worker], out, left, layer, end, residual, firstRow, rows,
                    (int) ((long) layer.panelCount() * range / ranges),
                    (int) ((long) layer.panelCount() * (range + 1) / ranges));
        });
    }

    private static int pieces(int threads, int rows, Packed layer) {
        return Math.clamp((long) rows * layer.outputSize * layer.inputSize / PIECE_MULTIPLY_ADDS,
                LEAST_PIECES_PER_THREAD * threads, MOST_PIECES_PER_THREAD * threads);
    }

    /** The whole left operand, once, in memory that the next product may overwrite; it stays where it is if it fits as it lies. */
    private static Operand operand(ThreadTeam team, Avx512Code code, Scratch[] scratches,
            HostWorkspace operands,
            HostTensor in, Arithmetic arithmetic, int numbersPerWord) {
        if (arithmetic == (in.isBf16() ? Arithmetic.BF16 : Arithmetic.FP32)) {
            return new Operand(in.data().address(), in.offsetBytes(1), 0);
        }
        Code conversion = code.operand(in.isBf16(), arithmetic);
        // Whole vectors of 16 numbers, and so whole words: what is beyond K is zeros.
        long bytes = Math.ceilDiv(in.columns(), Avx512VectorCode.LANES) * (long) Avx512VectorCode.BYTES
                / numbersPerWord;
        long stride = bytes % CACHE_WAY_BYTES == 0 ? bytes + Avx512VectorCode.BYTES : bytes;
        operands.reset();
        long rows = operands.memory(stride * in.rows()).address();
        long scales = numbersPerWord == 4 ? operands.memory(4L * in.rows()).address() : 0;
        team.run(Math.ceilDiv(in.rows(), OPERAND_ROWS), (piece, worker) -> {
            int first = piece * OPERAND_ROWS;
            MemorySegment block = scratches[worker].operandBlock;
            Avx512OperandKernel.fill(block, in.data().address() + in.offsetBytes(first), in.offsetBytes(1),
                    rows + first * stride, stride, Math.min(OPERAND_ROWS, in.rows() - first), in.columns(),
                    scales == 0 ? 0 : scales + 4L * first);
            conversion.call(block);
        });
        return new Operand(rows, stride, scales);
    }

    private static void runPiece(Avx512Code code, Scratch scratch, HostTensor out, Operand left,
            Packed layer, int end, HostTensor residual, int firstRow, int rows, int fromPanel,
            int toPanel) {
        MemorySegment block = scratch.tileBlock;
        Code tiles = code.layer(layer.arithmetic);
        Avx512TileKernel.fill(block, out.offsetBytes(1), left.strideBytes, layer.steps(), end);
        for (int panel = fromPanel; panel < toPanel; panel++) {
            int column = panel * Avx512TileKernel.PANEL;
            Avx512TileKernel.fillPanel(block, layer.panels.address() + panel * layer.panelBytes(),
                    layer.bias.address() + 4L * column, layer.outputSize - column);
            Avx512TileKernel.fillScales(block, layer.scales.address() + 4L * column,
                    layer.offsets.address() + 4L * column);
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
