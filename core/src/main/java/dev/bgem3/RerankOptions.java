package dev.bgem3;

import dev.bgem3.engine.PairTokenizer;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * What a call of a {@link Reranker} computes of each pair. How a call runs is {@link RunOptions}.
 *
 * <p>
 * Immutable; every setting has a default.
 */
public final class RerankOptions {
    /**
     * The least maximum length, 17: from there on any query, cut to 3/4, leaves room for a token of its
     * passage. Below it {@code FlagReranker} leaves pairs uncut, longer than they may be.
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

    /** Raw scores, pairs cut to the model's own limit. */
    public static RerankOptions defaults() {
        return builder().build();
    }

    /**
     * A builder that starts from {@link #defaults()}.
     *
     * {@snippet file="dev/bgem3/sample/RerankSamplesTest.java" region="score"}
     */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that starts from these options. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.normalize = normalize;
        builder.maxLength = maxLength;
        builder.truncate = truncate;
        return builder;
    }

    /**
     * Whether scores go through a sigmoid, to lie between 0 and 1; else, the default, they are the
     * classifier's own numbers.
     */
    public boolean normalize() {
        return normalize;
    }

    /**
     * The most tokens of a pair, its four special ones included, at least {@value #MIN_LENGTH}: a query is
     * cut to 3/4 of it, then the passage to what is left. Empty, the default, for the model's own limit;
     * FlagEmbedding's {@code FlagReranker} takes 512.
     */
    public OptionalInt maxLength() {
        return maxLength;
    }

    /**
     * Whether a pair that is too long is cut, which its result says; else it is an {@link
     * dev.bgem3.error.InputException}.
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

    /** Sets what differs from the defaults; for one thread. */
    public static final class Builder {
        private boolean normalize;
        private OptionalInt maxLength = OptionalInt.empty();
        private boolean truncate = true;

        private Builder() {}

        /** Whether scores go through a sigmoid. */
        public Builder normalize(boolean value) {
            normalize = value;
            return this;
        }

        /** The most tokens of a pair. */
        public Builder maxLength(int value) {
            maxLength = OptionalInt.of(value);
            return this;
        }

        /** Whether a pair that is too long is cut. */
        public Builder truncate(boolean value) {
            truncate = value;
            return this;
        }

        /**
         * The options.
         *
         * @throws IllegalArgumentException
         *             where a setting is out of its range
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
