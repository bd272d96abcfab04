package dev.bgem3.engine;

import java.util.OptionalInt;
import java.util.function.BooleanSupplier;

/**
 * How a call runs its batches.
 *
 * @param tokenBudget
 *            the maximum number of tokens of a batch of more than one text; empty for the kernels' own
 * @param progress
 *            notified after each batch, in the caller's thread
 * @param cancelled
 *            called before each batch, by one of the call's threads at a time
 */
public record BatchControl(OptionalInt tokenBudget, Progress progress, BooleanSupplier cancelled) {
    /** Is notified of a call's progress. */
    @FunctionalInterface
    public interface Progress {
        /** Called when a batch is done, with the number of its texts and of their tokens. */
        void onBatch(int texts, long tokens);
    }
}
