package dev.bgem3.app.serve;

/**
 * How a server divides its heap: half for requests, from the first byte of a body to the end of the
 * answer, and an eighth for connections. The rest is for the model's vocabulary and the program itself.
 *
 * @param requests
 *            for what clients send and what is computed from it
 * @param vectors
 *            the part of {@code requests} for vectors of each token, by far the largest results: those of
 *            a text of 8,192 tokens take 32 MiB
 * @param connections
 *            how many connections may be open
 */
record HeapShares(HeapBudget requests, HeapBudget vectors, int connections) {
    /** An idle connection, with room for headers of {@link Connection#FREE_HEAD_BYTES} bytes. */
    static final int CONNECTION_BYTES = 48 << 10;
    /** What a text takes for each of its bytes while it is tokenized; see {@link HeapCost#heapToCut}. */
    private static final int PAYLOAD_FACTOR = 14;

    static HeapShares of(long heap) {
        HeapBudget requests = new HeapBudget("requests", heap / 2);
        return new HeapShares(requests, new HeapBudget("vectors of each token", heap / 4, requests),
                (int) Math.min(Integer.MAX_VALUE, Math.max(1, heap / 8 / CONNECTION_BYTES)));
    }

    /** The largest body for which there is room if nothing else takes any. */
    static long largestPayload(long heap) {
        return heap / 2 / PAYLOAD_FACTOR;
    }
}
