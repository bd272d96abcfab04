package dev.bgem3;

import dev.bgem3.engine.BatchQueue;

/**
 * What a queue holds at one moment. Texts that are being tokenized have a permit, and are neither waiting nor
 * computing.
 *
 * @param waiting
 *            texts that no batch under way has taken
 * @param prepared
 *            those of them that the next batch would take if it began now; with several devices, the next of
 *            each
 * @param computing
 *            texts in batches under way, until they are answered
 * @param freePermits
 *            how many texts would be accepted now
 */
public record QueueState(int waiting, int prepared, int computing, int freePermits) {
    static QueueState of(BatchQueue.State state) {
        return new QueueState(state.waiting(), state.prepared(), state.computing(), state.freePermits());
    }
}
