package dev.bgem3.engine;

import java.util.OptionalInt;
import java.util.function.BooleanSupplier;

/**
 * How a call runs its batches.
 *
 * @param tokenBudget
 *            the most tokens of a batch of more than one text; empty for the kernels' own
 * @param progress
 *            told after each batch, by the caller's thread
 * @param cancelled
 *            asked before each batch, by one of the call's threads at a time
 */
public record BatchControl(OptionalInt tokenBudget, Progress progress, BooleanSupplier cancelled) {
    /** Told how far a call has come. */
    @FunctionalInterface
    public interface Progress {
        /** A batch of so many texts is done, and so many tokens. */
        void onBatch(int texts, long tokens);
    }
}
