package dev.bgem3.app.serve;

import java.time.Duration;

/**
 * What a request cost.
 *
 * @param texts
 *            that were computed
 * @param characters
 *            of them, in UTF-16 units
 * @param tokens
 *            of them as they were computed
 * @param tokenizing
 *            cutting them into tokens
 * @param waiting
 *            for their turn
 * @param computing
 *            their batches
 */
record Work(int texts, long characters, long tokens, Duration tokenizing, Duration waiting,
        Duration computing) {
    static final Work NONE = new Work(0, 0, 0, Duration.ZERO, Duration.ZERO, Duration.ZERO);
}
