package dev.bgem3.engine;

import java.time.Duration;
import java.util.Optional;

/**
 * The settings of a {@link BatchQueue}.
 *
 * @param slots
 *            how many batches the model computes at a time
 * @param tokenBudget
 *            the maximum number of tokens of a batch of more than one text
 * @param permits
 *            the maximum number of texts that wait in the queue or are computed
 * @param timeout
 *            how long a call may go without a result; empty for no limit
 * @param listener
 *            notified of each batch
 */
public record QueueSettings(int slots, int tokenBudget, int permits, Optional<Duration> timeout,
        Listener listener) {
    /** Is notified of each batch. */
    @FunctionalInterface
    public interface Listener {
        /** Does nothing. */
        Listener NONE = (_, _, _, _) -> {};

        /** Called after a batch has been answered; an exception is logged and has no other effect. */
        void onBatch(int texts, int tokens, Duration waiting, Duration computing);
    }
}
