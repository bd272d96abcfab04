package dev.bgem3;

import dev.bgem3.engine.BatchControl;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;

/**
 * How a call runs, for calls that divide their texts into batches. What it computes is set by
 * {@link EncodeOptions} or {@link RerankOptions} and does not depend on these options. Queues have
 * {@link QueueOptions} instead.
 *
 * <p>
 * Immutable; every setting has a default.
 */
public final class RunOptions {
    /** The largest token budget: 1,048,576. */
    public static final int MAX_TOKEN_BUDGET = 1 << 20;

    private final OptionalInt tokenBudget;
    private final ProgressListener progress;
    private final BooleanSupplier cancelled;

    private RunOptions(Builder builder) {
        tokenBudget = builder.tokenBudget;
        progress = builder.progress;
        cancelled = builder.cancelled;
    }

    /** Returns the defaults: the kernels' own token budget, no listener and no cancellation. */
    public static RunOptions defaults() {
        return builder().build();
    }

    /**
     * Creates a builder that starts from {@link #defaults()}.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="run"}
     */
    public static Builder builder() {
        return new Builder();
    }

    /** Creates a builder that starts from these options. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.tokenBudget = tokenBudget;
        builder.progress = progress;
        builder.cancelled = cancelled;
        return builder;
    }

    /**
     * Returns the maximum number of tokens that are computed at a time, 1..1,048,576; a longer text is
     * computed alone. Empty, the default, stands for the kernels' own budget, which is 4,096 on a CPU and
     * depends on the free memory on a GPU. More tokens need more memory, and beyond about a thousand they do
     * not increase the speed on a CPU. The budget is limited so that every matrix of the model has fewer than
     * 2³¹ elements, which for BGE-M3 means at most 524,287 tokens. A batch that a GPU does not have enough
     * memory for is halved.
     */
    public OptionalInt tokenBudget() {
        return tokenBudget;
    }

    /** Returns the listener that is notified after each batch, in the thread that made the call. */
    public ProgressListener progress() {
        return progress;
    }

    /**
     * Returns the function that is called before each text is tokenized and before each batch, by one of the
     * call's threads at a time. If it returns true, the call ends with
     * {@link dev.bgem3.error.CancelledException}.
     */
    public BooleanSupplier cancelled() {
        return cancelled;
    }

    static void checkTokenBudget(OptionalInt tokenBudget) {
        if (tokenBudget.orElse(1) < 1 || tokenBudget.orElse(1) > MAX_TOKEN_BUDGET) {
            throw new IllegalArgumentException(
                    "tokenBudget: " + tokenBudget.getAsInt() + " (expected: 1.." + MAX_TOKEN_BUDGET + ")");
        }
    }

    /** Converts these options for the engine. */
    BatchControl control() {
        return new BatchControl(tokenBudget, progress::onProgress, cancelled);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RunOptions that
                && tokenBudget.equals(that.tokenBudget)
                && progress.equals(that.progress)
                && cancelled.equals(that.cancelled);
    }

    @Override
    public int hashCode() {
        return Objects.hash(tokenBudget, progress, cancelled);
    }

    @Override
    public String toString() {
        return "RunOptions["
                + "tokenBudget=" + tokenBudget
                + ", progress=" + progress
                + ", cancelled=" + cancelled + "]";
    }

    /** Builds options; settings that are not set have their defaults. Not thread-safe. */
    public static final class Builder {
        private OptionalInt tokenBudget = OptionalInt.empty();
        private ProgressListener progress = ProgressListener.NONE;
        private BooleanSupplier cancelled = () -> false;

        private Builder() {}

        /** Sets the maximum number of tokens that are computed at a time. */
        public Builder tokenBudget(int value) {
            tokenBudget = OptionalInt.of(value);
            return this;
        }

        /** Sets the listener that is notified of progress. */
        public Builder progress(ProgressListener value) {
            progress = value;
            return this;
        }

        /** Sets the function that returns whether the call should end. */
        public Builder cancelled(BooleanSupplier value) {
            cancelled = value;
            return this;
        }

        /**
         * Builds the options.
         *
         * @throws IllegalArgumentException
         *             if a setting is out of its range
         */
        public RunOptions build() {
            Objects.requireNonNull(progress, "progress");
            Objects.requireNonNull(cancelled, "cancelled");
            checkTokenBudget(tokenBudget);
            return new RunOptions(this);
        }
    }
}
