package dev.bgem3;

import dev.bgem3.engine.PairTokenizer;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * What a {@link Reranker} computes for each pair; {@link RunOptions} say how it runs.
 *
 * <p>
 * Immutable; every setting has a default.
 */
public final class RerankOptions {
    /**
     * The smallest maximum length, 17: from there on, any query, cut to 3/4, leaves room for a token of its
     * passage. For smaller lengths {@code FlagReranker} leaves pairs uncut, so that they exceed the maximum.
     */
    public static final int MIN_LENGTH = PairTokenizer.MIN_LENGTH;

    private final boolean normalize;
    private final OptionalInt maxLength;
    private final boolean truncate;

    private RerankOptions(Builder builder) {
        normalize = builder.normalize;
        maxLength = builder.maxLength;
        truncate = builder.truncate;
    }

    /** Returns the defaults: raw scores, of pairs cut to the model's own limit. */
    public static RerankOptions defaults() {
        return builder().build();
    }

    /**
     * Creates a builder that starts from {@link #defaults()}.
     *
     * {@snippet file="dev/bgem3/sample/RerankSamplesTest.java" region="score"}
     */
    public static Builder builder() {
        return new Builder();
    }

    /** Creates a builder that starts from these options. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.normalize = normalize;
        builder.maxLength = maxLength;
        builder.truncate = truncate;
        return builder;
    }

    /** Returns whether a sigmoid maps scores to 0..1. By default, scores are the classifier's raw numbers. */
    public boolean normalize() {
        return normalize;
    }

    /**
     * Returns the maximum number of tokens of a pair, including its four special ones, at least
     * {@value #MIN_LENGTH}. A query is cut to 3/4 of it, then the passage to the rest. Empty, the default,
     * stands for the model's own limit; FlagEmbedding's {@code FlagReranker} uses 512.
     */
    public OptionalInt maxLength() {
        return maxLength;
    }

    /**
     * Returns whether a pair that is too long is cut, as {@link RerankScore#truncated()} then says; otherwise
     * it causes an {@link dev.bgem3.error.InputException}. True by default.
     */
    public boolean truncate() {
        return truncate;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RerankOptions that
                && normalize == that.normalize
                && maxLength.equals(that.maxLength)
                && truncate == that.truncate;
    }

    @Override
    public int hashCode() {
        return Objects.hash(normalize, maxLength, truncate);
    }

    @Override
    public String toString() {
        return "RerankOptions["
                + "normalize=" + normalize
                + ", maxLength=" + maxLength
                + ", truncate=" + truncate + "]";
    }

    /** Builds options; settings that are not set have their defaults. Not thread-safe. */
    public static final class Builder {
        private boolean normalize;
        private OptionalInt maxLength = OptionalInt.empty();
        private boolean truncate = true;

        private Builder() {}

        /** Sets whether a sigmoid maps scores to 0..1. */
        public Builder normalize(boolean value) {
            normalize = value;
            return this;
        }

        /** Sets the maximum number of tokens of a pair. */
        public Builder maxLength(int value) {
            maxLength = OptionalInt.of(value);
            return this;
        }

        /** Sets whether a pair that is too long is cut. */
        public Builder truncate(boolean value) {
            truncate = value;
            return this;
        }

        /**
         * Builds the options.
         *
         * @throws IllegalArgumentException
         *             if a setting is out of its range
         */
        public RerankOptions build() {
            if (maxLength.orElse(MIN_LENGTH) < MIN_LENGTH) {
                throw new IllegalArgumentException(
                        "maxLength: " + maxLength.getAsInt() + " (expected: at least "
                                + MIN_LENGTH + ")");
            }
            return new RerankOptions(this);
        }
    }
}
