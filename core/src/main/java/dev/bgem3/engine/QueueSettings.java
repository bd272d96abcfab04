package dev.bgem3.engine;

import java.time.Duration;
import java.util.Optional;

/**
 * How a {@link BatchQueue} works.
 *
 * @param slots
 *            how many batches the model computes at a time
 * @param tokenBudget
 *            the most tokens of a batch of more than one text
 * @param permits
 *            the most texts that are accepted and not answered at a time
 * @param timeout
 *            how long a call may take; empty for as long as it takes
 * @param listener
 *            told of each batch
 */
public record QueueSettings(int slots, int tokenBudget, int permits, Optional<Duration> timeout,
        Listener listener) {
    /** Told of each batch. */
    @FunctionalInterface
    public interface Listener {
        /** Is told of nothing. */
        Listener NONE = (_, _, _, _) -> {};

        /** A batch has been answered; what is thrown is logged and changes nothing. */
        void onBatch(int texts, int tokens, Duration waiting, Duration computing);
    }
}
