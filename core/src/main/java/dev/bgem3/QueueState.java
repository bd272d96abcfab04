package dev.bgem3;

import dev.bgem3.engine.BatchQueue;

/**
 * A snapshot of a queue. A call that is tokenizing has one permit, but its texts are neither waiting nor
 * computing.
 *
 * @param waiting
 *            the number of texts that are not in a running batch
 * @param prepared
 *            how many of them have their place in the next batch, which further texts of the same requests
 *            fill when it begins; with several devices, in the next batch of each
 * @param computing
 *            the number of texts in running batches, until they are answered
 * @param freePermits
 *            how many requests would be accepted now
 */
public record QueueState(int waiting, int prepared, int computing, int freePermits) {
    static QueueState of(BatchQueue.State state) {
        return new QueueState(state.waiting(), state.prepared(), state.computing(), state.freePermits());
    }
}
