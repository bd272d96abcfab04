package dev.bgem3.kernel.vector;

import dev.bgem3.kernel.ThreadTeam;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Variable-length self-attention in tiles, with the running softmax of Milakov and Gimelshein (2018) as FlashAttention
 * uses it (Dao et al. 2022, algorithm 1): never more than {@link #QUERIES} × {@link #KEYS} scores at a time for each
 * worker.
 *
 * <p>
 * First every sequence's keys and values are packed into panels, per head: keys as {@code kᵀ} in panels of PANEL keys
 * {@code [D][PANEL]}, values in panels of PANEL of their D columns {@code [keys][PANEL]}; both are products' right
 * operands then. Each piece of work is one head of one block of queries, walks the keys in ascending blocks, and keeps per query
 * the maximum so far, the sum of exponentials per lane, and the weighted sum of values. Blocks start at the sequence's
 * start, so a text's result does not depend on its neighbours. 4·T²·C operations and 2·T·C floats of packed memory.
 */
final class Attention {
    /** Queries in a block. */
    static final int QUERIES = 64;
    /** Where maxima start: a block of scores that are all −∞ leaves it, and adds nothing. */
    private static final float LEAST = -Float.MAX_VALUE;
    /** Keys in a block: a multiple of PANEL on every machine of up to 64 lanes. */
    static final int KEYS = Math.max(128, Lanes.PANEL);

    /** The sizes of one call. */
    private record Plan(SegmentTensor out, SegmentTensor qkv, int[] cumulativeLengths, int headCount,
            int headSize) {
        int hiddenSize() {
            return out.columns();
        }

        int valuePanels() {
            return (headSize + Lanes.PANEL - 1) / Lanes.PANEL;
        }

        int length(int sequence) {
            return cumulativeLengths[sequence + 1] - cumulativeLengths[sequence];
        }

        /** A sequence's first slot for keys: each sequence is padded to whole panels. */
        int[] keySlots() {
            int[] slots = new int[cumulativeLengths.length];
            for (int s = 0; s + 1 < slots.length; s++) {
                slots[s + 1] = slots[s] + Lanes.roundUp(length(s), Lanes.PANEL);
            }
            return slots;
        }

        /** Blocks of queries before each sequence. */
        int[] queryBlocks() {
            int[] blocks = new int[cumulativeLengths.length];
            for (int s = 0; s + 1 < blocks.length; s++) {
                blocks[s + 1] = blocks[s] + (length(s) + QUERIES - 1) / QUERIES;
            }
            return blocks;
        }
    }

    /** Where the packed keys and values lie: a head's keys, then its values, one sequence after another. */
    private record PackedKeysAndValues(MemorySegment memory, int[] slots, int headSize, int valueColumns) {
        private long headFloats() {
            return (long) slots[slots.length - 1] * (headSize + valueColumns);
        }

        long keysOffset(int head, int sequence) {
            return 4 * (head * headFloats() + (long) slots[sequence] * headSize);
        }

        long valuesOffset(int head, int sequence) {
            return 4 * (head * headFloats() + (long) slots[slots.length - 1] * headSize
                    + (long) slots[sequence] * valueColumns);
        }

        /** Bytes between two panels of a sequence's values. */
        long valuePanelBytes(int sequence) {
            return 4L * (slots[sequence + 1] - slots[sequence]) * Lanes.PANEL;
        }
    }

    /** A worker's own memory. */
    static final class Scratch {
        private final float[] scores = new float[QUERIES * KEYS];
        private final float[] probabilities = new float[Product.blockFloats(QUERIES, KEYS)];
        private final float[] maxima = new float[QUERIES];
        private final float[] laneSums = new float[QUERIES * Lanes.COUNT];
        private float[] queries = new float[0];
        private float[] values = new float[0];
        private float[] rows = new float[0];
        private float[] panel = new float[0];

        private void reserve(int headSize, int valuePanels) {
            int queryFloats = Product.blockFloats(QUERIES, headSize);
            if (queries.length < queryFloats) {
                queries = new float[queryFloats];
            }
            if (values.length < valuePanels * QUERIES * Lanes.PANEL) {
                values = new float[valuePanels * QUERIES * Lanes.PANEL];
            }
            if (rows.length < valuePanels * Lanes.PANEL * Lanes.PANEL) {
                rows = new float[valuePanels * Lanes.PANEL * Lanes.PANEL];
                panel = new float[valuePanels * Lanes.PANEL * Lanes.PANEL];
            }
        }
    }

    private Attention() {}

    /** The operation; {@code packedMemory} gives memory of so many bytes for the time of the call. */
    static void run(ThreadTeam team, Scratch[] scratches, SegmentWorkspace packedMemory, SegmentTensor out,
            SegmentTensor queryKeyValue, int[] cumulativeLengths, int headCount, int headSize) {
        Plan plan = new Plan(out, queryKeyValue, cumulativeLengths, headCount, headSize);
        for (Scratch scratch : scratches) {
            scratch.reserve(headSize, plan.valuePanels());
        }
        int[] slots = plan.keySlots();
        int valueColumns = plan.valuePanels() * Lanes.PANEL;
        packedMemory.reset();
        PackedKeysAndValues packed = new PackedKeysAndValues(
                packedMemory.memory(4L * slots[slots.length - 1] * headCount * (headSize + valueColumns)),
                slots,
                headSize, valueColumns);
        int sequences = cumulativeLengths.length - 1;
        team.run(sequences * headCount, (piece, worker) -> pack(packed, plan, piece / headCount,
                piece % headCount, scratches[worker]));

        int[] blocks = plan.queryBlocks();
        int blockCount = blocks[sequences];
        team.run(blockCount * headCount, (piece, worker) -> {
            // Blocks inside heads: pieces at work at the same time read one head's keys and values, which a cache can hold.
            int block = piece % blockCount;
            int sequence = sequenceOf(blocks, block);
            attend(packed, plan, sequence, block - blocks[sequence], piece / blockCount, scratches[worker]);
        });
    }

    /** The sequence whose blocks hold {@code block}; empty sequences have none. */
    private static int sequenceOf(int[] blocks, int block) {
        int found = Arrays.binarySearch(blocks, block);
        if (found < 0) {
            return -found - 2;
        }
        while (blocks[found + 1] == block) {
            found++;
        }
        return found;
    }

    /** Packs one head of one sequence, PANEL keys at a time; what is beyond its length or D becomes zeros. */
    private static void pack(PackedKeysAndValues packed, Plan plan, int sequence, int head, Scratch scratch) {
        int d = plan.headSize;
        int length = plan.length(sequence);
        int firstRow = plan.cumulativeLengths[sequence];
        for (int from = 0; from < length; from += Lanes.PANEL) {
            int count = Math.min(Lanes.PANEL, length - from);
            readHead(scratch.rows, plan, firstRow + from, count, plan.hiddenSize() + head * d);
            Arrays.fill(scratch.panel, 0, d * Lanes.PANEL, 0);
            for (int i = 0; i < d; i++) {
                for (int key = 0; key < count; key++) {
                    scratch.panel[i * Lanes.PANEL + key] = scratch.rows[key * d + i];
                }
            }
            MemorySegment.copy(scratch.panel, 0, packed.memory, Lanes.FLOAT,
                    packed.keysOffset(head, sequence) + 4L * from * d, d * Lanes.PANEL);

            readHead(scratch.rows, plan, firstRow + from, count, 2 * plan.hiddenSize() + head * d);
            for (int valuePanel = 0; valuePanel < plan.valuePanels(); valuePanel++) {
                int column = valuePanel * Lanes.PANEL;
                int columns = Math.min(Lanes.PANEL, d - column);
                Arrays.fill(scratch.panel, 0, count * Lanes.PANEL, 0);
                for (int key = 0; key < count; key++) {
                    System.arraycopy(scratch.rows, key * d + column, scratch.panel, key * Lanes.PANEL,
                            columns);
                }
                MemorySegment.copy(scratch.panel, 0, packed.memory, Lanes.FLOAT,
                        packed.valuesOffset(head, sequence) + valuePanel * packed.valuePanelBytes(sequence)
                                + 4L * from * Lanes.PANEL,
                        count * Lanes.PANEL);
            }
        }
    }

    /** Copies D numbers at {@code column} of each of {@code count} rows of queryKeyValue to {@code rows}, densely. */
    private static void readHead(float[] rows, Plan plan, int firstRow, int count, int column) {
        for (int row = 0; row < count; row++) {
            MemorySegment.copy(plan.qkv.data(), Lanes.FLOAT,
                    plan.qkv.offsetBytes(firstRow + row) + 4L * column,
                    rows, row * plan.headSize, plan.headSize);
        }
    }

    /** One head of one block of queries. */
    private static void attend(PackedKeysAndValues packed, Plan plan, int sequence, int block, int head,
            Scratch scratch) {
        int d = plan.headSize;
        int length = plan.length(sequence);
        int firstRow = plan.cumulativeLengths[sequence] + block * QUERIES;
        int rows = Math.min(QUERIES, length - block * QUERIES);
        int padded = Lanes.roundUp(rows, MicroKernel.LEAST_ROWS);
        float scale = (float) (1 / Math.sqrt(d));

        Product.fillBlock(scratch.queries, plan.qkv, firstRow, rows, padded, head * d, d);
        Arrays.fill(scratch.maxima, 0, rows, LEAST);
        Arrays.fill(scratch.laneSums, 0, rows * Lanes.COUNT, 0);
        Arrays.fill(scratch.values, 0, plan.valuePanels() * padded * Lanes.PANEL, 0);
        for (int from = 0; from < length; from += KEYS) {
            int keys = Math.min(KEYS, length - from);
            int panels = (keys + Lanes.PANEL - 1) / Lanes.PANEL;
            score(scratch, packed, packed.keysOffset(head, sequence) + 4L * from * d, d, padded, panels);
            for (int row = 0; row < rows; row++) {
                exponentiate(scratch, row, padded, keys, panels, plan.valuePanels(), scale);
            }
            long values = packed.valuesOffset(head, sequence) + 4L * from * Lanes.PANEL;
            weigh(scratch, packed, values, packed.valuePanelBytes(sequence), padded, keys,
                    plan.valuePanels());
        }
        for (int row = 0; row < rows; row++) {
            writeRow(plan, firstRow + row, head * d, scratch, row, padded);
        }
    }

    /** {@code scores[panel][padded][PANEL] = q · kᵀ} for one block of keys. */
    private static void score(Scratch scratch, PackedKeysAndValues packed, long keys, int d, int padded,
            int panels) {
        Arrays.fill(scratch.scores, 0, panels * padded * Lanes.PANEL, 0);
        for (int panel = 0; panel < panels; panel++) {
            MicroKernel.multiply(scratch.scores, panel * padded * Lanes.PANEL, scratch.queries, padded, d,
                    packed.memory, keys + 4L * panel * d * Lanes.PANEL);
        }
    }

    /**
     * The running softmax of one row: turns its scores into exponentials under the new maximum, and scales what was summed
     * under the old one.
     */
    private static void exponentiate(Scratch scratch, int row, int padded, int keys, int panels,
            int valuePanels,
            float scale) {
        float[] scores = scratch.scores;
        int step = padded * Lanes.PANEL;
        int first = row * Lanes.PANEL;
        int last = first + (panels - 1) * step;
        Arrays.fill(scores, last + keys - (panels - 1) * Lanes.PANEL, last + Lanes.PANEL,
                Float.NEGATIVE_INFINITY); // The keys that pad the last panel.
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

    /** Writes {@code exp(scale · score − maximum)} as a row of a product's left operand, and adds it to the row's lane sums. */
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

    /** {@code values[panel][padded][PANEL] += probabilities · v} for one block of keys. */
    private static void weigh(Scratch scratch, PackedKeysAndValues packed, long values, long panelBytes,
            int padded,
            int keys, int valuePanels) {
        for (int panel = 0; panel < valuePanels; panel++) {
            MicroKernel.multiply(scratch.values, panel * padded * Lanes.PANEL, scratch.probabilities, padded,
                    keys,
                    packed.memory, values + panel * panelBytes);
        }
    }

    /** Divides one row of weighted sums by its sum of exponentials, and writes it out. */
    private static void writeRow(Plan plan, int outRow, int column, Scratch scratch, int row, int padded) {
        float sum = 0;
        for (int lane = 0; lane < Lanes.COUNT; lane++) {
            sum += scratch.laneSums[row * Lanes.COUNT + lane];
        }
        FloatVector divisor = FloatVector.broadcast(Lanes.SPECIES, sum);
        for (int panel = 0; panel < plan.valuePanels(); panel++) {
            int first = (panel * padded + row) * Lanes.PANEL;
            for (int at = first; at < first + Lanes.PANEL; at += Lanes.COUNT) {
                FloatVector.fromArray(Lanes.SPECIES, scratch.values, at).div(divisor)
                        .intoArray(scratch.values, at);
            }
            int columns = Math.min(Lanes.PANEL, plan.headSize - panel * Lanes.PANEL);
            MemorySegment.copy(scratch.values, first, plan.out.data(), Lanes.FLOAT,
                    plan.out.offsetBytes(outRow) + 4L * (column + panel * Lanes.PANEL), columns);
        }
    }
}
