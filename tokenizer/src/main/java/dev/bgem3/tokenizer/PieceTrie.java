package dev.bgem3.tokenizer;

import java.util.Arrays;

/**
 * A trie of strings over UTF-16 units, stored in one open-addressing table keyed by (parent node, unit).
 *
 * <p>The node that ends string {@code i} has the number {@code i}; the numbers of other nodes start at the
 * number of strings. Strings are inserted shortest first, so that a node's number never changes. Each step of
 * a walk costs one load. Immutable once built.
 */
final class PieceTrie {
    /** There is no such node. */
    static final int NONE = -1;
    /** Node numbers have 24 bits. */
    static final int MAX_NODES = 1 << 24;

    /** Each slot: parent node (24 bits), unit (16), child node (24). 0 is free: no node is its own child. */
    private long[] slots;
    private int shift;
    /** The children of the root, by unit. */
    private final int[] roots;
    private final int stringCount;
    private int nodeCount;

    /**
     * Builds a trie of the strings {@code text[starts[i], starts[i + 1])}, none of which may be empty.
     *
     * @throws DuplicateStringException if two strings are equal
     * @throws TooManyNodesException if they need more than {@link #MAX_NODES} nodes
     */
    PieceTrie(char[] text, int[] starts, int stringCount) {
        this.stringCount = stringCount;
        nodeCount = stringCount;
        int maxRoot = -1;
        for (int i = 0; i < stringCount; i++) {
            maxRoot = Math.max(maxRoot, text[starts[i]]);
        }
        roots = new int[maxRoot + 1];
        Arrays.fill(roots, NONE);
        // XLM-R's vocabulary needs two nodes per piece. A larger table would make loading slower.
        long expectedNodes = Math.min(starts[stringCount], 2L * stringCount);
        int bits = Math.max(4, 64 - Long.numberOfLeadingZeros(expectedNodes * 2 - 1));
        slots = new long[1 << bits];
        shift = 64 - bits;
        for (int index : shortestFirst(starts, stringCount)) {
            insert(index, text, starts[index], starts[index + 1]);
        }
    }

    /** Returns the node of a first unit, or {@link #NONE}. */
    int root(char unit) {
        return unit < roots.length ? roots[unit] : NONE;
    }

    /** Returns the child of a node, or {@link #NONE}. */
    int child(int node, char unit) {
        long key = (long) node << 16 | unit;
        for (int slot = slotOf(key);; slot = slot + 1 & slots.length - 1) {
            long entry = slots[slot];
            // Test this first: a free slot looks like one with parent 0 and unit 0.
            if (entry == 0) {
                return NONE;
            }
            if (entry >>> 24 == key) {
                return (int) entry & MAX_NODES - 1;
            }
        }
    }

    /** Returns whether a node ends a string; if so, its number is the string's index. */
    boolean isString(int node) {
        return node < stringCount;
    }

    /** Returns the index of a string, or {@link #NONE}. */
    int find(String string) {
        if (string.isEmpty()) {
            return NONE;
        }
        int node = root(string.charAt(0));
        for (int i = 1; i < string.length() && node != NONE; i++) {
            node = child(node, string.charAt(i));
        }
        return node != NONE && isString(node) ? node : NONE;
    }

    private int slotOf(long key) {
        return (int) (key * 0x9E3779B97F4A7C15L >>> shift);
    }

    private void insert(int index, char[] text, int from, int to) {
        int node = root(text[from]);
        if (to - from == 1) {
            if (node != NONE) {
                throw new DuplicateStringException(node, index);
            }
            roots[text[from]] = index;
            return;
        }
        if (node == NONE) {
            node = newNode();
            roots[text[from]] = node;
        }
        for (int i = from + 1; i < to - 1; i++) {
            int child = child(node, text[i]);
            if (child == NONE) {
                child = newNode();
                put(node, text[i], child);
            }
            node = child;
        }
        int existing = child(node, text[to - 1]);
        if (existing != NONE) {
            throw new DuplicateStringException(existing, index);
        }
        put(node, text[to - 1], index);
    }

    private int newNode() {
        if (nodeCount == MAX_NODES) {
            throw new TooManyNodesException();
        }
        if (nodeCount > slots.length / 2) {
            grow();
        }
        return nodeCount++;
    }

    private void put(int node, char unit, int child) {
        store(((long) node << 16 | unit) << 24 | child);
    }

    private void store(long entry) {
        int slot = slotOf(entry >>> 24);
        while (slots[slot] != 0) {
            slot = slot + 1 & slots.length - 1;
        }
        slots[slot] = entry;
    }

    private void grow() {
        long[] old = slots;
        slots = new long[old.length * 2];
        shift--;
        for (long entry : old) {
            if (entry != 0) {
                store(entry);
            }
        }
    }

    private static int[] shortestFirst(int[] starts, int count) {
        int longest = 0;
        for (int i = 0; i < count; i++) {
            longest = Math.max(longest, starts[i + 1] - starts[i]);
        }
        int[] next = new int[longest + 2];
        for (int i = 0; i < count; i++) {
            next[starts[i + 1] - starts[i] + 1]++;
        }
        for (int length = 1; length < next.length; length++) {
            next[length] += next[length - 1];
        }
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            order[next[starts[i + 1] - starts[i]]++] = i;
        }
        return order;
    }

    /** Thrown if two strings of a trie are equal. */
    static final class DuplicateStringException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        final int first;
        final int second;

        DuplicateStringException(int first, int second) {
            this.first = Math.min(first, second);
            this.second = Math.max(first, second);
        }
    }

    /** Thrown if a trie needs more nodes than there are numbers for. */
    static final class TooManyNodesException extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }
}
