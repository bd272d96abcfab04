package dev.bgem3.app.serve;

/**
 * How a server shares out its heap: half to requests, from the first byte of a body to the end of the answer, half of that at most to
 * vectors of each token, and an eighth to connections. The rest is for the model's vocabulary and the program itself.
 *
 * @param requests
 *            for what clients send, and what is made of it
 * @param vectors
 *            of them, for vectors of each token: of a text of 8,192 tokens they take 32 MiB
 * @param connections
 *            the most connections
 */
record HeapShares(HeapBudget requests, HeapBudget vectors, int connections) {
    /** What a connection takes that waits, or has sent a head of {@link Connection#FREE_HEAD_BYTES} bytes. */
    static final int CONNECTION_BYTES = 48 << 10;
    /** While the largest text is cut, it and what the tokenizer makes of it; see {@link Tokenization#heapToCut}. */
    private static final int PAYLOAD_FACTOR = 14;

    static HeapShares of(long heap) {
        HeapBudget requests = new HeapBudget("requests", heap / 2);
        return new HeapShares(requests, new HeapBudget("vectors of each token", heap / 4, requests),
                (int) Math.min(Integer.MAX_VALUE, Math.max(1, heap / 8 / CONNECTION_BYTES)));
    }

    /** The largest body of text of which one fits. */
    static long largestPayload(long heap) {
        return heap / 2 / PAYLOAD_FACTOR;
    }
}
