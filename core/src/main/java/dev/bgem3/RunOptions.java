package dev.bgem3;

import dev.bgem3.engine.BatchControl;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;

/**
 * How a call runs, for calls that cut their texts into batches by themselves; what it computes is {@link
 * EncodeOptions} or {@link RerankOptions}, and does not depend on this. A queue has {@link QueueOptions} in
 * its place.
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

    /** The kernels' own token budget; nobody listens or cancels. */
    public static RunOptions defaults() {
        return builder().build();
    }

    /**
     * A builder that starts from {@link #defaults()}.
     *
     * {@snippet file="dev/bgem3/sample/EncodeSamplesTest.java" region="run"}
     */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that starts from these options. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.tokenBudget = tokenBudget;
        builder.progress = progress;
        builder.cancelled = cancelled;
        return builder;
    }

    /**
     * The most tokens that are computed at a time, 1..1,048,576; a longer text goes alone. Empty, the
     * default, for the kernels' own, which is 4,096 on a CPU; on a GPU it depends on its free memory. More
     * tokens need more memory, and from about a thousand on bring no more speed on a CPU. No more are taken
     * than keep every matrix of the model below 2³¹ numbers, which for BGE-M3 are 524,287; a batch for which
     * a GPU's memory does not suffice is halved.
     */
    public OptionalInt tokenBudget() {
        return tokenBudget;
    }

    /**
     * Told after each batch, by the thread that made the call.
     */
    public ProgressListener progress() {
        return progress;
    }

    /**
     * Asked before each text is tokenized and before each batch, by one of the call's threads at a time; true
     * ends the call with {@link dev.bgem3.error.CancelledException}.
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

    /** As the engine takes them. */
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

    /** Sets what differs from the defaults; for one thread. */
    public static final class Builder {
        private OptionalInt tokenBudget = OptionalInt.empty();
        private ProgressListener progress = ProgressListener.NONE;
        private BooleanSupplier cancelled = () -> false;

        private Builder() {}

        /** The most tokens that are computed at a time. */
        public Builder tokenBudget(int value) {
            tokenBudget = OptionalInt.of(value);
            return this;
        }

        /** Who is told of progress. */
        public Builder progress(ProgressListener value) {
            progress = value;
            return this;
        }

        /** Who may end the call. */
        public Builder cancelled(BooleanSupplier value) {
            cancelled = value;
            return this;
        }

        /**
         * The options.
         *
         * @throws IllegalArgumentException
         *             where a setting is out of its range
         */
        public RunOptions build() {
            Objects.requireNonNull(progress, "progress");
            Objects.requireNonNull(cancelled, "cancelled");
            checkTokenBudget(tokenBudget);
            return new RunOptions(this);
        }
    }
}
