package dev.bgem3.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The part of attention that the CPU's providers share: each head's keys and values packed once, and the work
 * cut into one head of one block of queries each.
 *
 * <p>
 * Blocks of queries start at their sequence's start, so a text's result does not depend on its neighbours.
 * How keys and values are packed is the provider's: so many bytes for each slot, and a sequence has a slot
 * for each token, rounded up.
 *
 * <p>
 * The attention of first tokens alone differs in its blocks, which have one query each: a block's rows are
 * computed side by side, each with the same operations in the same order whatever the number of rows, so the
 * bits are those of the whole.
 */
public final class HostAttention {
    /** Queries in a block. */
    public static final int QUERIES = 64;

    /**
     * How keys and values are packed.
     *
     * @param slots
     *            a sequence's slots are rounded up to a multiple of this
     * @param keyBytes
     *            of one slot of one head
     * @param valuePanels
     *            panels of the values' columns
     * @param valueBytes
     *            of one slot of one panel
     */
    public record Packing(int slots, long keyBytes, int valuePanels, long valueBytes) {
        private long bytes() {
            return keyBytes + valuePanels * valueBytes;
        }
    }

    /**
     * One head of one sequence.
     *
     * @param queryKeyValue
     *            [T, 3·C]
     * @param firstRow
     *            the sequence's first row there
     * @param keys
     *            its length
     * @param column
     *            the first column of the head's queries; its keys are C further on, its values 2·C
     * @param size
     *            D
     * @param packed
     *            where keys and values are packed
     * @param keysOffset
     *            bytes to its first slot of keys
     * @param valuesOffset
     *            bytes to its first slot of the first panel of values
     * @param valuePanelBytes
     *            bytes from one of its panels of values to the next
     */
    public record Head(HostTensor queryKeyValue, int firstRow, int keys, int column, int size,
            MemorySegment packed,
            long keysOffset, long valuesOffset, long valuePanelBytes) {}

    /**
     * A head's block of queries.
     *
     * @param out
     *            [T, C], or [S, C] for first tokens alone; its columns are the head's columns of queries
     * @param outRow
     *            the block's first row of {@code out}
     * @param firstRow
     *            its first row of {@code queryKeyValue}
     * @param rows
     *            its rows, at most {@link #QUERIES}
     */
    public record Block(Head head, HostTensor out, int outRow, int firstRow, int rows) {}

    /** What a provider does; {@code worker} as in {@link ThreadTeam.Work}. */
    public interface Work {
        /** How heads of that size are packed. */
        Packing packing(int headSize);

        /** Packs a head's keys and values. */
        void pack(Head head, int worker);

        /** Writes the block's rows and columns of {@code out}. */
        void attend(Block block, int worker);
    }

    private final HostTensor out;
    private final HostTensor queryKeyValue;
    private final int[] cumulativeLengths;
    private final int headCount;
    private final int headSize;
    private final boolean firstTokens;
    private final Packing packing;
    /** Each sequence's first slot. */
    private final int[] slots;
    private final MemorySegment packed;

    private HostAttention(HostWorkspace memory, HostTensor out, HostTensor queryKeyValue,
            int[] cumulativeLengths,
            int headCount, Work work, boolean firstTokens) {
        this.out = out;
        this.queryKeyValue = queryKeyValue;
        this.cumulativeLengths = cumulativeLengths;
        this.headCount = headCount;
        this.firstTokens = firstTokens;
        headSize = out.columns() / headCount;
        packing = work.packing(headSize);
        slots = new int[cumulativeLengths.length];
        for (int s = 0; s + 1 < slots.length; s++) {
            slots[s + 1] = slots[s] + Math.ceilDiv(length(s), packing.slots) * packing.slots;
        }
        memory.reset();
        packed = memory.memory(headBytes() * headCount);
    }

    /**
     * {@link Kernels#attention}.
     *
     * @param memory
     *            for the packed keys and values, its contents lost
     */
    public static void run(ThreadTeam team, HostWorkspace memory, HostTensor out, HostTensor queryKeyValue,
            int[] cumulativeLengths, int headCount, Work work) {
        Shapes.checkAttention(out, queryKeyValue, cumulativeLengths, headCount);
        new HostAttention(memory, out, queryKeyValue, cumulativeLengths, headCount, work, false).run(team,
                work);
    }

    /** {@link Kernels#firstTokenAttention}; parameters as for {@link #run}. */
    public static void runFirstTokens(ThreadTeam team, HostWorkspace memory, HostTensor out,
            HostTensor queryKeyValue, int[] cumulativeLengths, int headCount, Work work) {
        Shapes.checkFirstTokenAttention(out, queryKeyValue, cumulativeLengths, headCount);
        new HostAttention(memory, out, queryKeyValue, cumulativeLengths, headCount, work, true).run(team,
                work);
    }

    private void run(ThreadTeam team, Work work) {
        int sequences = cumulativeLengths.length - 1;
        team.run(sequences * headCount,
                (piece, worker) -> work.pack(head(piece / headCount, piece % headCount), worker));

        int[] blocks = new int[sequences + 1];
        for (int s = 0; s < sequences; s++) {
            blocks[s + 1] = blocks[s] + (queries(s) + QUERIES - 1) / QUERIES;
        }
        int blockCount = blocks[sequences];
        team.run(blockCount * headCount, (piece, worker) -> {
            // Blocks inside heads: pieces at work at the same time read one head's keys and values, which a
            // cache can hold.
            int block = piece % blockCount;
            int sequence = sequenceOf(blocks, block);
            work.attend(block(sequence, block - blocks[sequence], piece / blockCount), worker);
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

    private int length(int sequence) {
        return cumulativeLengths[sequence + 1] - cumulativeLengths[sequence];
    }

    private int queries(int sequence) {
        return firstTokens ? 1 : length(sequence);
    }

    private long headBytes() {
        return slots[slots.length - 1] * packing.bytes();
    }

    private Head head(int sequence, int head) {
        long first = head * headBytes();
        return new Head(queryKeyValue, cumulativeLengths[sequence], length(sequence), head * headSize,
                headSize,
                packed, first + slots[sequence] * packing.keyBytes,
                first + slots[slots.length - 1] * packing.keyBytes
                        + slots[sequence] * packing.valuePanels * packing.valueBytes,
                (slots[sequence + 1] - slots[sequence]) * packing.valueBytes);
    }

    private Block block(int sequence, int block, int head) {
        int first = block * QUERIES;
        int firstRow = cumulativeLengths[sequence] + first;
        return new Block(head(sequence, head), out, firstTokens ? sequence : firstRow, firstRow,
                Math.min(QUERIES, queries(sequence) - first));
    }
}
