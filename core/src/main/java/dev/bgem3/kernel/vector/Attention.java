package dev.bgem3.kernel.vector;

import dev.bgem3.kernel.HostAttention;
import dev.bgem3.kernel.HostTensor;
import dev.bgem3.kernel.KeyValuePanels;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Attention of one block of queries of one head, with the running softmax of Milakov and Gimelshein (2018) as
 * in FlashAttention (Dao et al. 2022, algorithm 1): at most {@link HostAttention#QUERIES} × {@link #KEYS}
 * scores at a time.
 *
 * <p>
 * It goes over the keys in ascending blocks and keeps, for each query, the maximum so far, the sum of
 * exponentials in each lane, and the weighted sum of values. 4·T·C operations for each query.
 */
final class Attention implements HostAttention.Work {
    /**
     * The initial maximum: finite, so that a block whose scores are all −∞ leaves it unchanged and adds
     * nothing.
     */
    private static final float LEAST = -Float.MAX_VALUE;
    /** The number of keys in a block: a multiple of PANEL on every machine with up to 64 lanes. */
    private static final int KEYS = Math.max(128, Lanes.PANEL);
    private static final int QUERIES = HostAttention.QUERIES;

    /** The memory of one worker. */
    private static final class Scratch {
        private final KeyValuePanels panels = new KeyValuePanels(Lanes.PANEL);
        private final float[] scores = new float[QUERIES * KEYS];
        private final float[] probabilities = new float[Product.blockFloats(QUERIES, KEYS)];
        private final float[] maxima = new float[QUERIES];
        private final float[] laneSums = new float[QUERIES * Lanes.COUNT];
        private float[] queries = new float[0];
        private float[] values = new float[0];

        private void reserve(int headSize) {
            int queryFloats = Product.blockFloats(QUERIES, headSize);
            if (queries.length < queryFloats) {
                queries = new float[queryFloats];
                values = new float[valuePanels(headSize) * QUERIES * Lanes.PANEL];
            }
        }
    }

    private final Scratch[] scratches;

    Attention(int threads) {
        scratches = new Scratch[threads];
        Arrays.setAll(scratches, _ -> new Scratch());
    }

    private static int valuePanels(int headSize) {
        return (headSize + Lanes.PANEL - 1) / Lanes.PANEL;
    }

    @Override
    public HostAttention.Packing packing(int headSize) {
        return KeyValuePanels.packing(headSize, Lanes.PANEL);
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
        int padded = Lanes.roundUp(rows, MicroKernel.MIN_ROWS);
        int valuePanels = valuePanels(d);
        float scale = (float) (1 / Math.sqrt(d));

        scratch.reserve(d);
        Product.fillBlock(scratch.queries, head.queryKeyValue(), block.firstRow(), rows, padded,
                head.column(), d);
        Arrays.fill(scratch.maxima, 0, rows, LEAST);
        Arrays.fill(scratch.laneSums, 0, rows * Lanes.COUNT, 0);
        Arrays.fill(scratch.values, 0, valuePanels * padded * Lanes.PANEL, 0);
        for (int from = 0; from < head.keys(); from += KEYS) {
            int keys = Math.min(KEYS, head.keys() - from);
            int panels = (keys + Lanes.PANEL - 1) / Lanes.PANEL;
            score(scratch, head.packed(), head.keysOffset() + 4L * from * d, d, padded, panels);
            for (int row = 0; row < rows; row++) {
                exponentiate(scratch, row, padded, keys, panels, valuePanels, scale);
            }
            weigh(scratch, head, head.valuesOffset() + 4L * from * Lanes.PANEL, padded, keys, valuePanels);
        }
        for (int row = 0; row < rows; row++) {
            writeRow(block, scratch, row, padded);
        }
    }

    /** Computes {@code scores[panel][padded][PANEL] = q · kᵀ} for one block of keys. */
    private static void score(Scratch scratch, MemorySegment packed, long keys, int d, int padded,
            int panels) {
        Arrays.fill(scratch.scores, 0, panels * padded * Lanes.PANEL, 0);
        for (int panel = 0; panel < panels; panel++) {
            MicroKernel.multiply(scratch.scores, panel * padded * Lanes.PANEL, scratch.queries, padded, d,
                    packed, keys + 4L * panel * d * Lanes.PANEL);
        }
    }

    /**
     * Updates the running softmax of one row: computes the exponentials of its scores relative to the new
     * maximum, and rescales the sums that are relative to the old one.
     */
    private static void exponentiate(Scratch scratch, int row, int padded, int keys, int panels,
            int valuePanels,
            float scale) {
        float[] scores = scratch.scores;
        int step = padded * Lanes.PANEL;
        int first = row * Lanes.PANEL;
        int last = first + (panels - 1) * step;
        Arrays.fill(scores, last + keys - (panels - 1) * Lanes.PANEL, last + Lanes.PANEL,
                Float.NEGATIVE_INFINITY); // the keys that pad the last panel
        float before = scratch.maxima[row];
        float maximum = Math.max(before, scale * maximum(scores, first, step, panels));
        int sums = row * Lanes.COUNT;
        if (maximum > before && before != LEAST) {
            float shrink = VectorMath.exp(before - maximum);
            scale(scratch.laneSums, sums, Lanes.COUNT, shrink);
            for (int panel = 0; panel < valuePanels; panel++) {
                scale(scratch.values, panel * step + first, Lanes.PANEL, shrink);
            }
        }
        scratch.maxima[row] = maximum;
        exponentials(scratch.probabilities, row * MicroKernel.ROW_STRIDE, scores, first, step, panels, scale,
                maximum,
                scratch.laneSums, sums);
    }

    private static float maximum(float[] scores, int first, int step, int panels) {
        FloatVector most0 = FloatVector.fromArray(Lanes.SPECIES, scores, first);
        FloatVector most1 = FloatVector.fromArray(Lanes.SPECIES, scores, first + Lanes.COUNT);
        for (int panel = 1; panel < panels; panel++) {
            int at = first + panel * step;
            most0 = most0.max(FloatVector.fromArray(Lanes.SPECIES, scores, at));
            most1 = most1.max(FloatVector.fromArray(Lanes.SPECIES, scores, at + Lanes.COUNT));
        }
        return most0.max(most1).reduceLanes(VectorOperators.MAX);
    }

    private static void scale(float[] values, int from, int length, float factor) {
        for (int at = from; at < from + length; at += Lanes.COUNT) {
            FloatVector.fromArray(Lanes.SPECIES, values, at).mul(factor).intoArray(values, at);
        }
    }

    /**
     * Writes {@code exp(scale · score − maximum)} to a row of a product's left operand, and adds it to the
     * row's lane sums.
     */
    private static void exponentials(float[] probabilities, int to, float[] scores, int first, int step,
            int panels,
            float scale, float maximum, float[] laneSums, int sums) {
        FloatVector sum = FloatVector.fromArray(Lanes.SPECIES, laneSums, sums);
        FloatVector factor = FloatVector.broadcast(Lanes.SPECIES, scale);
        FloatVector shift = FloatVector.broadcast(Lanes.SPECIES, -maximum);
        for (int panel = 0; panel < panels; panel++) {
            int from = first + panel * step;
            int at = to + panel * Lanes.PANEL;
            FloatVector p0 = VectorMath
                    .exp(FloatVector.fromArray(Lanes.SPECIES, scores, from).fma(factor, shift));
            FloatVector p1 = VectorMath
                    .exp(FloatVector.fromArray(Lanes.SPECIES, scores, from + Lanes.COUNT).fma(factor, shift));
            p0.intoArray(probabilities, at);
            p1.intoArray(probabilities, at + Lanes.COUNT);
            sum = sum.add(p0).add(p1);
        }
        sum.intoArray(laneSums, sums);
    }

    /** Computes {@code values[panel][padded][PANEL] += probabilities · v} for one block of keys. */
    private static void weigh(Scratch scratch, HostAttention.Head head, long values, int padded, int keys,
            int valuePanels) {
        for (int panel = 0; panel < valuePanels; panel++) {
            MicroKernel.multiply(scratch.values, panel * padded * Lanes.PANEL, scratch.probabilities, padded,
                    keys,
                    head.packed(), values + panel * head.valuePanelBytes());
        }
    }

    /** Divides one row of weighted sums by its sum of exponentials, and stores it. */
    private static void writeRow(HostAttention.Block block, Scratch scratch, int row, int padded) {
        float sum = 0;
        for (int lane = 0; lane < Lanes.COUNT; lane++) {
            sum += scratch.laneSums[row * Lanes.COUNT + lane];
        }
        FloatVector divisor = FloatVector.broadcast(Lanes.SPECIES, sum);
        for (int panel = 0; panel < valuePanels(block.head().size()); panel++) {
            int first = (panel * padded + row) * Lanes.PANEL;
            for (int at = first; at < first + Lanes.PANEL; at += Lanes.COUNT) {
                FloatVector.fromArray(Lanes.SPECIES, scratch.values, at).div(divisor)
                        .intoArray(scratch.values, at);
            }
            int columns = Math.min(Lanes.PANEL, block.head().size() - panel * Lanes.PANEL);
            MemorySegment.copy(scratch.values, first, block.out().data(), HostTensor.FLOAT,
                    block.out().offsetBytes(block.outRow() + row)
                            + 4L * (block.head().column() + panel * Lanes.PANEL),
                    columns);
        }
    }
}
