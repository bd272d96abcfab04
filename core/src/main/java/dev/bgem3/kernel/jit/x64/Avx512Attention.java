package dev.bgem3.kernel.jit.x64;

import dev.bgem3.kernel.HostAttention;
import dev.bgem3.kernel.HostTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Attention in AVX-512: computes one block of queries of one head with the running softmax, like Attention of
 * {@code kernel.vector}, but with transposed matrices.
 *
 * <p>
 * The scores are computed as {@code k · qᵀ}, so that a vector holds the scores of one key and 16 queries.
 * Then the softmax needs no operations across lanes, keys need no transposition, and the weights are already
 * in the order of the second product's left operand, step by step. Only the block of queries is transposed,
 * once. In bf16 both products are {@code vdpbf16ps} of rounded operands; scores, softmax and sums stay in
 * fp32. Weights and values then have a relative error of at most 2⁻⁸, so the result has an error of at most
 * 2⁻⁷ · max|v|, in addition to the effect of errors in the scores.
 */
final class Avx512Attention implements HostAttention.Work {
    /**
     * The initial maximum: finite, so that a block whose scores are all −∞ leaves it unchanged and adds
     * nothing.
     */
    private static final float LOWEST = -Float.MAX_VALUE;
    /**
     * The number of keys in a block: their scores for all queries take 96 KiB of the level 2 cache. Earlier
     * sums are rescaled once per block, so larger blocks are faster: at 2,048 tokens by 2 % compared with 128
     * keys, which would fit in the level 1 cache.
     */
    static final int KEYS = 384;
    /** In bf16, exponentials are powers of two, so scores are multiplied by log₂ e. */
    private static final double LOG2_E = 1 / Math.log(2);
    private static final int QUERIES = HostAttention.QUERIES;
    private static final int PANEL = Avx512TileKernel.PANEL;

    /** The memory of one worker; it grows on demand and is freed when it becomes unreachable. */
    private static final class Scratch {
        private final Arena arena = Arena.ofAuto();
        private final MemorySegment tileBlock = arena.allocate(Avx512TileKernel.BLOCK_BYTES, 8);
        private final MemorySegment softmaxBlock = arena.allocate(Avx512SoftmaxKernel.BLOCK_BYTES, 8);
        private final MemorySegment operandBlock = arena.allocate(OperandKernel.blockBytes(Vectors.AVX512),
                8);
        private final MemorySegment panelBlock = arena.allocate(Avx512PanelKernel.BLOCK_BYTES, 8);
        private final MemorySegment scores = arena.allocate((long) KEYS * Avx512TileKernel.STEP_BYTES,
                Avx512VectorCode.BYTES);
        private final MemorySegment maxima = arena.allocate(4L * QUERIES, Avx512VectorCode.BYTES);
        private final MemorySegment sums = arena.allocate(4L * QUERIES, Avx512VectorCode.BYTES);
        private final MemorySegment factors = arena.allocate(4L * QUERIES, Avx512VectorCode.BYTES);
        private MemorySegment queries = MemorySegment.NULL;
        private MemorySegment queryPanels = MemorySegment.NULL;
        private MemorySegment values = MemorySegment.NULL;

        private MemorySegment atLeast(MemorySegment memory, long bytes) {
            return memory.byteSize() >= bytes ? memory : arena.allocate(bytes, Avx512VectorCode.BYTES);
        }

        private void reserve(HeadShape shape) {
            values = atLeast(values, QUERIES * shape.valuesStride());
            // A transposition reads whole vectors of words, so it may read a vector beyond the last row.
            queries = atLeast(queries, QUERIES * shape.rowBytes() + Avx512VectorCode.BYTES);
            queryPanels = atLeast(queryPanels, QUERIES / PANEL * shape.queryPanelBytes());
            sums.fill((byte) 0);
            for (int row = 0; row < QUERIES; row++) {
                maxima.set(HostTensor.FLOAT, 4L * row, LOWEST);
            }
        }
    }

    /** The sizes derived from D. */
    private record HeadShape(int size, boolean bf16) {
        /** Returns the number of words in a row of the first product. */
        int words() {
            return bf16 ? (size + 1) / 2 : size;
        }

        /** Returns the size of a row of queries or keys, in whole vectors of 16 numbers. */
        long rowBytes() {
            return Math.ceilDiv(size, Avx512VectorCode.LANES) * (long) Avx512VectorCode.BYTES
                    / (bf16 ? 2 : 1);
        }

        int wordGroups() {
            return Math.ceilDiv(words(), Avx512VectorCode.LANES);
        }

        long queryPanelBytes() {
            return 4L * PANEL * Avx512VectorCode.LANES * wordGroups();
        }

        int valuePanels() {
            return Math.ceilDiv(size, PANEL);
        }

        /** Returns the size of a query's row of weighted sums. */
        long valuesStride() {
            return 4L * PANEL * valuePanels();
        }
    }

    private final Avx512Code code;
    private final boolean bf16;
    private final Scratch[] scratches;

    Avx512Attention(Avx512Code code, int threads) {
        this.code = code;
        bf16 = code.bf16Attention;
        scratches = new Scratch[threads];
        for (int i = 0; i < threads; i++) {
            scratches[i] = new Scratch();
        }
    }

    /** Packs keys row by row and values in panels; in bf16 a word of values holds two keys. */
    @Override
    public HostAttention.Packing packing(int headSize) {
        HeadShape shape = new HeadShape(headSize, bf16);
        return new HostAttention.Packing(Avx512VectorCode.LANES, shape.rowBytes(), shape.valuePanels(),
                4L * PANEL / (bf16 ? 2 : 1));
    }

    @Override
    public void pack(HostAttention.Head head, int worker) {
        if (head.keys() == 0) {
            return;
        }
        Scratch scratch = scratches[worker];
        HostTensor tensor = head.queryKeyValue();
        HeadShape shape = new HeadShape(head.size(), bf16);
        long stride = tensor.offsetBytes(1);
        long third = stride / 3;
        long keys = tensor.address(head.firstRow(), head.column()) + third;
        OperandKernel.fill(Vectors.AVX512, scratch.operandBlock, keys, stride,
                head.packed().address() + head.keysOffset(),
                shape.rowBytes(), head.keys(), head.size(), 0);
        code.attentionOperand(tensor.isBf16()).call(scratch.operandBlock);
        for (int panel = 0; panel < shape.valuePanels(); panel++) {
            int column = panel * PANEL;
            Avx512PanelKernel.fill(scratch.panelBlock, keys + third + (long) tensor.elementBytes() * column,
                    stride,
                    head.packed().address() + head.valuesOffset() + panel * head.valuePanelBytes(),
                    head.keys(),
                    head.size() - column);
            code.attentionValues(tensor.isBf16()).call(scratch.panelBlock);
        }
    }

    @Override
    public void attend(HostAttention.Block block, int worker) {
        Scratch scratch = scratches[worker];
        HostAttention.Head head = block.head();
        HeadShape shape = new HeadShape(head.size(), bf16);
        int rows = block.rows();
        scratch.reserve(shape);
        transposeQueries(scratch, block, shape);
        Avx512SoftmaxKernel.fill(scratch.softmaxBlock, rows, scratch.scores, scratch.maxima, scratch.sums,
                scratch.factors,
                scratch.values, shape.valuesStride(), head.size(),
                (float) ((bf16 ? LOG2_E : 1) / Math.sqrt(head.size())));
        for (int from = 0; from < head.keys(); from += KEYS) {
            int keys = Math.min(KEYS, head.keys() - from);
            score(scratch, head, shape, rows, from, keys);
            Avx512SoftmaxKernel.fillKeys(scratch.softmaxBlock, keys);
            code.exponentiate(rows).call(scratch.softmaxBlock);
            weigh(scratch, head, shape, rows, from, keys);
        }
        HostTensor out = block.out();
        Avx512SoftmaxKernel.fillOut(scratch.softmaxBlock, out.address(block.outRow(), head.column()),
                out.offsetBytes(1));
        code.divide(out.isBf16()).call(scratch.softmaxBlock);
    }

    /**
     * Computes {@code queryPanels[panel][word][32] = qᵀ}. Columns beyond the block's rows hold data of other
     * blocks, which nothing reads.
     */
    private void transposeQueries(Scratch scratch, HostAttention.Block block, HeadShape shape) {
        HostTensor tensor = block.head().queryKeyValue();
        OperandKernel.fill(Vectors.AVX512, scratch.operandBlock,
                tensor.address(block.firstRow(), block.head().column()),
                tensor.offsetBytes(1), scratch.queries.address(), shape.rowBytes(), block.rows(),
                shape.size(), 0);
        code.attentionOperand(tensor.isBf16()).call(scratch.operandBlock);
        for (int row = 0; row < block.rows(); row += Avx512VectorCode.LANES) {
            Avx512PanelKernel.fill(scratch.panelBlock, scratch.queries.address() + row * shape.rowBytes(),
                    shape.rowBytes(), scratch.queryPanels.address() + row / PANEL * shape.queryPanelBytes()
                            + 4L * (row % PANEL),
                    shape.wordGroups(), PANEL);
            code.transpose.call(scratch.panelBlock);
        }
    }

    /** Computes {@code scores[keys][64] = k · qᵀ}. */
    private void score(Scratch scratch, HostAttention.Head head, HeadShape shape, int rows, int from,
            int keys) {
        Avx512TileKernel.fill(scratch.tileBlock, Avx512TileKernel.STEP_BYTES, shape.rowBytes(), shape.words(),
                Avx512Code.SCORES);
        for (int row = 0; row < rows; row += PANEL) {
            Avx512TileKernel.fillPanel(scratch.tileBlock,
                    scratch.queryPanels.address() + row / PANEL * shape.queryPanelBytes(), 0, PANEL);
            Avx512TileKernel.fillRows(scratch.tileBlock, keys, scratch.scores.address() + 4L * row,
                    head.packed().address() + head.keysOffset() + from * shape.rowBytes(), 0, 0);
            code.attentionScores.call(scratch.tileBlock);
        }
    }

    /**
     * Computes {@code values[rows][·] = weights · v} and, from the second block of keys on, adds the earlier
     * sums, multiplied by their factor.
     */
    private void weigh(Scratch scratch, HostAttention.Head head, HeadShape shape, int rows, int from,
            int keys) {
        int keysPerWord = bf16 ? 2 : 1;
        Avx512TileKernel.fill(scratch.tileBlock, shape.valuesStride(), 0, Math.ceilDiv(keys, keysPerWord),
                from == 0 ? Avx512Code.FIRST_VALUES : Avx512Code.MORE_VALUES);
        for (int panel = 0; panel < shape.valuePanels(); panel++) {
            Avx512TileKernel.fillPanel(scratch.tileBlock, head.packed().address() + head.valuesOffset()
                    + panel * head.valuePanelBytes() + 4L * PANEL * (from / keysPerWord), 0, PANEL);
            Avx512TileKernel.fillRows(scratch.tileBlock, rows, scratch.values.address() + 4L * panel * PANEL,
                    scratch.scores.address(), 0, scratch.factors.address());
            code.attentionSums.call(scratch.tileBlock);
        }
    }
}
