package dev.bgem3;

import dev.bgem3.engine.ModelSession;
import dev.bgem3.engine.QueueSettings;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How much a queue accepts, and how it forms batches.
 *
 * <p>
 * Immutable; every setting has a default.
 */
public final class QueueOptions {
    /** The largest number of permits: 131,072. */
    public static final int MAX_PERMITS = 1 << 17;
    private static final int DEFAULT_PERMITS = 512;

    private final int permits;
    private final OptionalInt tokenBudget;
    private final Optional<Duration> timeout;
    private final QueueListener listener;

    private QueueOptions(Builder builder) {
        permits = builder.permits;
        tokenBudget = builder.tokenBudget;
        timeout = builder.timeout;
        listener = builder.listener;
    }

    /** Returns the defaults: 512 permits, the kernels' token budget and no time-out. */
    public static QueueOptions defaults() {
        return builder().build();
    }

    /**
     * Creates a builder that starts from {@link #defaults()}.
     *
     * {@snippet file="dev/bgem3/sample/QueueSamplesTest.java" region="encode"}
     */
    public static Builder builder() {
        return new Builder();
    }

    /** Creates a builder that starts from these options. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.permits = permits;
        builder.tokenBudget = tokenBudget;
        builder.timeout = timeout;
        builder.listener = listener;
        return builder;
    }

    /**
     * Returns the maximum number of texts that wait in the queue or are computed, 1..131,072; 512 by default.
     */
    public int permits() {
        return permits;
    }

    /**
     * Returns the maximum number of tokens of a batch, 1..1,048,576; a longer text is computed alone. Empty,
     * the default, stands for the kernels' own budget, as for {@link RunOptions#tokenBudget()}.
     */
    public OptionalInt tokenBudget() {
        return tokenBudget;
    }

    /**
     * Returns how long a request may wait for a result: from the call, including tokenization, to the
     * result of its first text, and from each result to the next. Empty, the default, for no limit.
     */
    public Optional<Duration> timeout() {
        return timeout;
    }

    /** Returns the listener that is notified of each batch. */
    public QueueListener listener() {
        return listener;
    }

    /** Converts these options for a queue in front of a session. */
    QueueSettings settings(ModelSession session) {
        return new QueueSettings(session.slotCount(), session.tokenBudget(tokenBudget), permits, timeout,
                listener == QueueListener.NONE ? QueueSettings.Listener.NONE : listener::onBatch);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof QueueOptions that
                && permits == that.permits
                && tokenBudget.equals(that.tokenBudget)
                && timeout.equals(that.timeout)
                && listener.equals(that.listener);
    }

    @Override
    public int hashCode() {
        return Objects.hash(permits, tokenBudget, timeout, listener);
    }

    @Override
    public String toString() {
        return "QueueOptions["
                + "permits=" + permits
                + ", tokenBudget=" + tokenBudget
                + ", timeout=" + timeout
                + ", listener=" + listener + "]";
    }

    /** Builds options; settings that are not set have their defaults. Not thread-safe. */
    public static final class Builder {
        private int permits = DEFAULT_PERMITS;
        private OptionalInt tokenBudget = OptionalInt.empty();
        private Optional<Duration> timeout = Optional.empty();
        private QueueListener listener = QueueListener.NONE;

        private Builder() {}

        /** Sets the maximum number of texts that wait in the queue or are computed. */
        public Builder permits(int value) {
            permits = value;
            return this;
        }

        /** Sets the maximum number of tokens of a batch. */
        public Builder tokenBudget(int value) {
            tokenBudget = OptionalInt.of(value);
            return this;
        }

        /** Sets how long a request may wait for its next result, more than zero. */
        public Builder timeout(Duration value) {
            timeout = Optional.of(Objects.requireNonNull(value, "timeout"));
            return this;
        }

        /** Sets the listener that is notified of each batch. */
        public Builder listener(QueueListener value) {
            listener = value;
            return this;
        }

        /**
         * Builds the options.
         *
         * @throws IllegalArgumentException
         *             if a setting is out of its range
         */
        public QueueOptions build() {
            Objects.requireNonNull(listener, "listener");
            if (permits < 1 || permits > MAX_PERMITS) {
                throw new IllegalArgumentException(
                        "permits: " + permits + " (expected: 1.." + MAX_PERMITS + ")");
            }
            RunOptions.checkTokenBudget(tokenBudget);
            timeout.filter(limit -> !limit.isPositive()).ifPresent(limit -> {
                throw new IllegalArgumentException("timeout: " + limit + " (expected: more than PT0S)");
            });
            return new QueueOptions(this);
        }
    }
}
