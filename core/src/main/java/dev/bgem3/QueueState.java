package dev.bgem3;

import dev.bgem3.engine.BatchQueue;

/**
 * A snapshot of a queue. Texts that are being tokenized have a permit but are neither waiting nor computing.
 *
 * @param waiting
 *            the number of texts that are not in a running batch
 * @param prepared
 *            how many of them the next batch would take if it began now; with several devices, the next
 *            batch of each
 * @param computing
 *            the number of texts in running batches, until they are answered
 * @param freePermits
 *            how many texts would be accepted now
 */
public record QueueState(int waiting, int prepared, int computing, int freePermits) {
    static QueueState of(BatchQueue.State state) {
        return new QueueState(state.waiting(), state.prepared(), state.computing(), state.freePermits());
    }
}
