package dev.bgem3;

import dev.bgem3.engine.ModelSession;
import dev.bgem3.engine.QueueSettings;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How much a queue accepts, and how it makes batches.
 *
 * @param permits
 *            the most texts that are accepted and not answered at a time, 1..131,072
 * @param tokenBudget
 *            the most tokens of a batch, 1..1,048,576; a longer text goes alone. Empty for the kernels' own, as for
 *            {@link EncodeOptions#tokenBudget()}
 * @param timeout
 *            how long a request may take from the call to its answer; more than nothing. Empty for as long as it takes
 * @param listener
 *            told of each batch
 */
public record QueueOptions(int permits, OptionalInt tokenBudget, Optional<Duration> timeout,
        QueueListener listener) {
    /** The largest number of permits: 131,072. */
    public static final int MAX_PERMITS = 1 << 17;
    private static final int DEFAULT_PERMITS = 512;

    /** Checks each setting. */
    public QueueOptions {
        Objects.requireNonNull(tokenBudget, "tokenBudget");
        Objects.requireNonNull(timeout, "timeout");
        Objects.requireNonNull(listener, "listener");
        if (permits < 1 || permits > MAX_PERMITS) {
            throw new IllegalArgumentException(
                    "permits: " + permits + " (expected: 1.." + MAX_PERMITS + ")");
        }
        EncodeOptions.checkTokenBudget(tokenBudget);
        if (timeout.isPresent() && !timeout.get().isPositive()) {
            throw new IllegalArgumentException("timeout: " + timeout.get() + " (expected: more than PT0S)");
        }
    }

    /** As the engine takes them, before a session. */
    QueueSettings settings(ModelSession session) {
        return new QueueSettings(session.slotCount(), session.tokenBudget(tokenBudget), permits, timeout,
                listener::onBatch);
    }

    /** 512 permits, the kernels' token budget, no time-out. */
    public static QueueOptions defaults() {
        return builder().build();
    }

    /** A builder that starts from {@link #defaults()}. */
    public static Builder builder() {
        return new Builder();
    }

    /** Sets what differs from the defaults. */
    public static final class Builder {
        private int permits = DEFAULT_PERMITS;
        private OptionalInt tokenBudget = OptionalInt.empty();
        private Optional<Duration> timeout = Optional.empty();
        private QueueListener listener = QueueListener.NONE;

        private Builder() {}

        /** The most texts that are accepted and not answered at a time. */
        public Builder permits(int texts) {
            permits = texts;
            return this;
        }

        /** The most tokens of a batch. */
        public Builder tokenBudget(int tokens) {
            tokenBudget = OptionalInt.of(tokens);
            return this;
        }

        /** How long a request may take. */
        public Builder timeout(Duration most) {
            timeout = Optional.of(most);
            return this;
        }

        /** Who is told of each batch. */
        public Builder listener(QueueListener told) {
            listener = told;
            return this;
        }

        /** The options. */
        public QueueOptions build() {
            return new QueueOptions(permits, tokenBudget, timeout, listener);
        }
    }
}
