package dev.bgem3.kernel.jit.x64;

import dev.bgem3.kernel.Arithmetic;
import dev.bgem3.kernel.HostAttention;
import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.KeyValuePanels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Attention in AVX2: computes one block of queries of one head with the running softmax, like Attention of
 * {@code kernel.vector}.
 */
final class Avx2Attention implements HostAttention.Work {
    /**
     * The initial maximum: finite, so that a block whose scores are all −∞ leaves it unchanged and adds
     * nothing.
     */
    private static final float LOWEST = -Float.MAX_VALUE;
    /** The number of keys in a block: a block of scores and its panels of keys fit in the level 2 cache. */
    static final int KEYS = 256;
    private static final int QUERIES = HostAttention.QUERIES;
    private static final int PANEL = Avx2TileKernel.PANEL;
    private static final int ALIGNMENT = 64;

    /** The memory of one worker; it grows on demand and is freed when it becomes unreachable. */
    private static final class Scratch {
        private final KeyValuePanels panels = new KeyValuePanels(PANEL);
        private final Arena arena = Arena.ofAuto();
        private final MemorySegment tileBlock = arena.allocate(Avx2TileKernel.BLOCK_BYTES, ALIGNMENT);
        private final MemorySegment softmaxBlock = arena.allocate(Avx2SoftmaxKernel.BLOCK_BYTES, ALIGNMENT);
        private final MemorySegment zeros = arena.allocate(4L * PANEL, ALIGNMENT);
        private final MemorySegment scores = arena.allocate(4L * QUERIES * KEYS, ALIGNMENT);
        private final MemorySegment maxima = arena.allocate(4L * QUERIES, ALIGNMENT);
        private final MemorySegment sums = arena.allocate((long) Avx2VectorCode.BYTES * QUERIES, ALIGNMENT);
        private MemorySegment values = MemorySegment.NULL;

        private void reserve(long valuesBytes) {
            if (values.byteSize() < valuesBytes) {
                values = Arena.ofAuto().allocate(valuesBytes, ALIGNMENT);
            }
            values.asSlice(0, valuesBytes).fill((byte) 0);
            sums.fill((byte) 0);
            for (int row = 0; row < QUERIES; row++) {
                maxima.set(HostTensor.FLOAT, 4L * row, LOWEST);
            }
        }
    }

    private final Avx2Code code;
    private final Scratch[] scratches;

    Avx2Attention(Avx2Code code, int threads) {
        this.code = code;
        scratches = new Scratch[threads];
        for (int i = 0; i < threads; i++) {
            scratches[i] = new Scratch();
        }
    }

    @Override
    public HostAttention.Packing packing(int headSize) {
        return KeyValuePanels.packing(headSize, PANEL);
    }

    @Override
    public void pack(HostAttention.Head head, int worker) {
        scratches[worker].panels.pack(head);
    }

    @Override
    public void attend(HostAttention.Block block, int worker) {
        Scratch scratch = scratches[worker];
        HostAttention.Head head = block.head();
        int d = head.size();
        int rows = block.rows();
        int valuePanels = (d + PANEL - 1) / PANEL;
        long valuesStride = 4L * valuePanels * PANEL;
        float scale = (float) (1 / Math.sqrt(d));
        scratch.reserve(valuesStride * rows);
        for (int from = 0; from < head.keys(); from += KEYS) {
            int keys = Math.min(KEYS, head.keys() - from);
            score(scratch, block, from, keys);
            Avx2SoftmaxKernel.fill(scratch.softmaxBlock, rows, scratch.scores.address(), 4L * KEYS, keys,
                    scratch.maxima, scratch.sums, scratch.values, valuesStride, scale);
            code.exponentiate.call(scratch.softmaxBlock);
            weigh(scratch, block, from, keys, valuePanels, valuesStride);
        }
        HostTensor out = block.out();
        Avx2SoftmaxKernel.fill(scratch.softmaxBlock, rows,
                out.data().address() + out.offsetBytes(block.outRow()) + 4L * head.column(),
                4L * out.columns(), d, scratch.maxima, scratch.sums, scratch.values, valuesStride, scale);
        code.divide.call(scratch.softmaxBlock);
    }

    /** Computes {@code scores[rows][KEYS] = q · kᵀ} for one block of keys, in whole panels. */
    private void score(Scratch scratch, HostAttention.Block block, int from, int keys) {
        HostAttention.Head head = block.head();
        HostTensor qkv = head.queryKeyValue();
        long queries = qkv.data().address() + qkv.offsetBytes(block.firstRow()) + 4L * head.column();
        long panels = head.packed().address() + head.keysOffset() + 4L * from * head.size();
        Avx2TileKernel.fill(scratch.tileBlock, 4L * KEYS, 4L * qkv.columns(), head.size());
        for (int key = 0; key < keys; key += PANEL) {
            Avx2TileKernel.fillPanel(scratch.tileBlock, panels + 4L * key * head.size(), 0);
            Avx2TileKernel.fillStart(scratch.tileBlock, scratch.zeros.address(), 0);
            Avx2TileKernel.fillRows(scratch.tileBlock, scratch.scores.address() + 4L * key, queries, 0, 0);
            code.multiply(Arithmetic.FP32, TileFinish.NONE, scratch.tileBlock, block.rows());
        }
    }

    /** Computes {@code values[rows][·] += exponentials · v} for one block of keys. */
    private void weigh(Scratch scratch, HostAttention.Block block, int from, int keys, int valuePanels,
            long valuesStride) {
        HostAttention.Head head = block.head();
        long panels = head.packed().address() + head.valuesOffset() + 4L * from * PANEL;
        Avx2TileKernel.fill(scratch.tileBlock, valuesStride, 4L * KEYS, keys);
        for (int panel = 0; panel < valuePanels; panel++) {
            long values = scratch.values.address() + 4L * panel * PANEL;
            Avx2TileKernel.fillPanel(scratch.tileBlock, panels + panel * head.valuePanelBytes(), 0);
            Avx2TileKernel.fillStart(scratch.tileBlock, values, valuesStride);
            Avx2TileKernel.fillRows(scratch.tileBlock, values, scratch.scores.address(), 0, 0);
            code.multiply(Arithmetic.FP32, TileFinish.NONE, scratch.tileBlock, block.rows());
        }
    }
}
