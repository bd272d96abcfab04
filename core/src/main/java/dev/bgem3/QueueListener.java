package dev.bgem3;

import java.time.Duration;

/** Is notified of each batch that a queue has computed, for metrics. */
@FunctionalInterface
public interface QueueListener {
    /** Does nothing. */
    QueueListener NONE = (_, _, _, _) -> {};

    /**
     * Called after a batch has been answered, in a virtual thread. Calls for several batches may run at the
     * same time. An exception that it throws has no effect but a warning in the log: the first of a queue
     * with its stack trace, later ones as one line a minute at most, with their number.
     *
     * @param texts
     *            the number of texts in the batch
     * @param tokens
     *            the number of their tokens
     * @param waiting
     *            how long the text that had waited longest had waited since it was tokenized
     * @param computing
     *            how long the model took
     */
    void onBatch(int texts, int tokens, Duration waiting, Duration computing);
}
