package dev.bgem3.app.serve;

/**
 * The division of the heap: half for requests, from the first byte of a body to the end of the response, and
 * an eighth for connections. The rest is for the model's vocabulary and the program itself.
 *
 * @param requests
 *            the heap for what clients send and what is computed from it
 * @param vectors
 *            the part of {@code requests} for vectors of each token, by far the largest results: those of a
 *            text of 8,192 tokens take 32 MiB
 * @param connections
 *            the maximum number of open connections
 */
record HeapShares(HeapBudget requests, HeapBudget vectors, int connections) {
    /** The size of an idle connection, with {@link Connection#FREE_HEAD_BYTES} bytes of headers. */
    static final int CONNECTION_BYTES = 48 << 10;
    /** The heap per byte of a text while it is tokenized; see {@link HeapCost#heapToTokenize}. */
    private static final int PAYLOAD_FACTOR = 14;

    static HeapShares of(long heap) {
        HeapBudget requests = new HeapBudget("requests", heap / 2);
        return new HeapShares(requests, new HeapBudget("vectors of each token", heap / 4, requests),
                (int) Math.min(Integer.MAX_VALUE, Math.max(1, heap / 8 / CONNECTION_BYTES)));
    }

    /** Returns the size of the largest body for which an otherwise empty heap has room. */
    static long largestPayload(long heap) {
        return heap / 2 / PAYLOAD_FACTOR;
    }
}
