package dev.bgem3.kernels.cuda;

/**
 * The tiles into which attention is divided, as a table in the GPU's memory.
 *
 * @param address
 *            the address of {@code count} tiles of four ints each: the first key's row, the number of keys,
 *            the first query's row, the first row to write
 * @param count
 *            the number of tiles
 * @param queryLimit
 *            the maximum number of queries in a tile
 */
record AttentionTiles(long address, int count, int queryLimit) {
    /** The number of ints per tile. */
    static final int INTS = 4;

    /** Returns the tiles for all queries of each sequence, or for only the first query of each. */
    static int[] list(int[] cumulativeLengths, int queryTile, boolean firstOnly) {
        int count = 0;
        for (int s = 0; s + 1 < cumulativeLengths.length; s++) {
            int length = cumulativeLengths[s + 1] - cumulativeLengths[s];
            count += firstOnly ? Math.min(1, length) : Math.ceilDiv(length, queryTile);
        }
        int[] tiles = new int[INTS * count];
        int next = 0;
        for (int s = 0; s + 1 < cumulativeLengths.length; s++) {
            int first = cumulativeLengths[s];
            int length = cumulativeLengths[s + 1] - first;
            for (int query = 0; query < (firstOnly ? Math.min(1, length) : length); query += queryTile) {
                tiles[next++] = first;
                tiles[next++] = length;
                tiles[next++] = first + query;
                tiles[next++] = firstOnly ? s : first + query;
            }
        }
        return tiles;
    }
}
