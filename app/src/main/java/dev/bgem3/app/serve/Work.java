package dev.bgem3.app.serve;

import java.time.Duration;

/**
 * The cost of a request.
 *
 * @param texts
 *            the number of texts computed
 * @param characters
 *            their length in UTF-16 units
 * @param tokens
 *            the number of their tokens that were computed
 * @param tokenizing
 *            the time to tokenize them
 * @param waiting
 *            the time they waited in the queue
 * @param computing
 *            the time to compute their batches
 */
record Work(int texts, long characters, long tokens, Duration tokenizing, Duration waiting,
        Duration computing) {
    static final Work NONE = new Work(0, 0, 0, Duration.ZERO, Duration.ZERO, Duration.ZERO);
}
