package dev.bgem3;

import java.time.Duration;

/** Told of each batch that a queue has computed, for metrics. */
@FunctionalInterface
public interface QueueListener {
    /** Does nothing. */
    QueueListener NONE = (_, _, _, _) -> {};

    /**
     * Called after a batch has been answered, by a thread of the queue's, and by several at a time where
     * there are several devices. What it throws is logged and changes nothing.
     *
     * @param texts
     *            how many texts the batch had
     * @param tokens
     *            how many tokens they had in all
     * @param waiting
     *            how long the one of them that had waited longest had waited, from when it was tokenized
     * @param computing
     *            how long the model took
     */
    void onBatch(int texts, int tokens, Duration waiting, Duration computing);
}
