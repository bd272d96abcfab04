package dev.bgem3;

import dev.bgem3.engine.PairTokenizer;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;

/**
 * What one call of a {@link Reranker} computes, and how.
 *
 * @param normalize
 *            whether scores go through a sigmoid, to lie between 0 and 1; else they are the classifier's own numbers
 * @param maxLength
 *            the most tokens of a pair, its four special ones included, at least {@value #MIN_LENGTH}: a query is cut to 3/4 of
 *            it, then the passage to what is left; empty for the model's own limit. FlagEmbedding's {@code FlagReranker} takes 512
 * @param truncate
 *            whether a pair that is too long is cut, which its result says; else it is an
 *            {@link dev.bgem3.error.InputException}
 * @param tokenBudget
 *            as {@link EncodeOptions#tokenBudget()}
 * @param progress
 *            told after each batch
 * @param cancelled
 *            asked before each batch; true ends the call with {@link dev.bgem3.error.CancelledException}
 */
public record RerankOptions(boolean normalize, OptionalInt maxLength, boolean truncate,
        OptionalInt tokenBudget, ProgressListener progress, BooleanSupplier cancelled) {
    /**
     * The least maximum length, 17: from there on any query, cut to 3/4, leaves room for a token of its passage. Below it
     * {@code FlagReranker} leaves pairs uncut, longer than they may be.
     */
    public static final int MIN_LENGTH = PairTokenizer.MIN_LENGTH;

    /** Checks what can be checked without the model. */
    public RerankOptions {
        Objects.requireNonNull(maxLength, "maxLength");
        Objects.requireNonNull(tokenBudget, "tokenBudget");
        Objects.requireNonNull(progress, "progress");
        Objects.requireNonNull(cancelled, "cancelled");
        if (maxLength.orElse(MIN_LENGTH) < MIN_LENGTH) {
            throw new IllegalArgumentException("maxLength: " + maxLength.getAsInt() + " (expected: at least "
                    + MIN_LENGTH + ")");
        }
        EncodeOptions.checkTokenBudget(tokenBudget);
    }

    /** Raw scores, pairs cut to the model's own limit. */
    public static RerankOptions defaults() {
        return builder().build();
    }

    /** A builder that starts from {@link #defaults()}. */
    public static Builder builder() {
        return new Builder();
    }

    /** Sets what differs from the defaults. */
    public static final class Builder {
        private boolean normalize;
        private OptionalInt maxLength = OptionalInt.empty();
        private boolean truncate = true;
        private OptionalInt tokenBudget = OptionalInt.empty();
        private ProgressListener progress = ProgressListener.NONE;
        private BooleanSupplier cancelled = () -> false;

        private Builder() {}

        /** Whether scores go through a sigmoid. */
        public Builder normalize(boolean yes) {
            normalize = yes;
            return this;
        }

        /** The most tokens of a pair. */
        public Builder maxLength(int tokens) {
            maxLength = OptionalInt.of(tokens);
            return this;
        }

        /** Whether a pair that is too long is cut. */
        public Builder truncate(boolean yes) {
            truncate = yes;
            return this;
        }

        /** The most tokens that are computed at a time. */
        public Builder tokenBudget(int tokens) {
            tokenBudget = OptionalInt.of(tokens);
            return this;
        }

        /** Who is told of progress. */
        public Builder progress(ProgressListener listener) {
            progress = listener;
            return this;
        }

        /** Who may end the call. */
        public Builder cancelled(BooleanSupplier question) {
            cancelled = question;
            return this;
        }

        /** The options. */
        public RerankOptions build() {
            return new RerankOptions(normalize, maxLength, truncate, tokenBudget, progress, cancelled);
        }
    }
}
