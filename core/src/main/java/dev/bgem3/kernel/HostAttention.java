package dev.bgem3.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The part of attention that the CPU providers share: packs each head's keys and values once, and splits the
 * work into pieces of one head and one block of queries.
 *
 * <p>
 * The first block of queries starts at the start of its sequence, so a text's result does not depend on its
 * neighbours. The provider chooses how to pack keys and values: a number of bytes for each slot, and a slot
 * for each token of a sequence, rounded up.
 *
 * <p>
 * The attention of first tokens differs only in its blocks, which have one query each. A block's rows are
 * computed side by side, each with the same operations in the same order whatever the number of rows, so the
 * result has the same bits.
 */
public final class HostAttention {
    /** The largest number of queries in a block. */
    public static final int QUERIES = 64;

    /**
     * How keys and values are packed.
     *
     * @param slots
     *            the slots of a sequence are rounded up to a multiple of this
     * @param keyBytes
     *            the bytes of one slot of one head
     * @param valuePanels
     *            the number of panels that the columns of the values take
     * @param valueBytes
     *            the bytes of one slot of one panel
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
     *            the sequence's length
     * @param column
     *            the first column of the head's queries; its keys are C columns further on, its values 2·C
     * @param size
     *            D
     * @param packed
     *            the memory of packed keys and values
     * @param keysOffset
     *            the offset in bytes of the head's first slot of keys
     * @param valuesOffset
     *            the offset in bytes of the first slot of the head's first panel of values
     * @param valuePanelBytes
     *            the distance in bytes between two panels of values
     */
    public record Head(HostTensor queryKeyValue, int firstRow, int keys, int column, int size,
            MemorySegment packed,
            long keysOffset, long valuesOffset, long valuePanelBytes) {}

    /**
     * A block of a head's queries.
     *
     * @param out
     *            [T, C], or [S, C] for first tokens; the result's columns are those of the head's queries
     * @param outRow
     *            the block's first row in {@code out}
     * @param firstRow
     *            the block's first row in {@code queryKeyValue}
     * @param rows
     *            the number of rows, at most {@link #QUERIES}
     */
    public record Block(Head head, HostTensor out, int outRow, int firstRow, int rows) {}

    /** The provider's part of attention; {@code worker} as in {@link ThreadTeam.Work}. */
    public interface Work {
        /** Returns how heads of a size are packed. */
        Packing packing(int headSize);

        /** Packs a head's keys and values. */
        void pack(Head head, int worker);

        /** Computes the block's rows and columns of {@code out}. */
        void attend(Block block, int worker);
    }

    private final HostTensor out;
    private final HostTensor queryKeyValue;
    private final int[] cumulativeLengths;
    private final int headCount;
    private final int headSize;
    private final boolean firstTokens;
    private final Packing packing;
    /** The first slot of each sequence. */
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
     * Computes {@link Kernels#attention}.
     *
     * @param memory
     *            for the packed keys and values; overwritten
     */
    public static void run(ThreadTeam team, HostWorkspace memory, HostTensor out, HostTensor queryKeyValue,
            int[] cumulativeLengths, int headCount, Work work) {
        Shapes.checkAttention(out, queryKeyValue, cumulativeLengths, headCount);
        new HostAttention(memory, out, queryKeyValue, cumulativeLengths, headCount, work, false).run(team,
                work);
    }

    /** Computes {@link Kernels#firstTokenAttention}; the parameters are those of {@link #run}. */
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
            // Iterate over blocks within a head, so that concurrent pieces read the keys and values of one
            // head, which a cache can hold.
            int block = piece % blockCount;
            int sequence = sequenceOf(blocks, block);
            work.attend(block(sequence, block - blocks[sequence], piece / blockCount), worker);
        });
    }

    /** Returns the sequence that {@code block} belongs to; empty sequences have no blocks. */
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
