package dev.bgem3.app.serve;

import dev.bgem3.QueueOptions;
import dev.bgem3.RunOptions;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How the server runs.
 *
 * @param host
 *            the address that it listens on; with {@code 127.0.0.1} only this machine reaches it
 * @param port
 *            0..65535; 0 for any that is free
 * @param apiKey
 *            what clients must show, if anything
 * @param maxConcurrentRequests
 *            the most texts that wait or are computed at a time; a request that would bring more is refused
 *            at once
 * @param maxBatchTokens
 *            the most tokens of a batch; empty for the model's own
 * @param maxClientBatchSize
 *            the most texts of a request
 * @param payloadLimit
 *            the most bytes of a request's body
 * @param autoTruncate
 *            whether a text that is too long is cut where the request does not say
 * @param requestTimeout
 *            how long a request may take from its first byte to its answer
 * @param shutdownTimeout
 *            how long a stop waits for what was accepted
 */
public record ServeOptions(String host, int port, Optional<ApiKey> apiKey, int maxConcurrentRequests,
        OptionalInt maxBatchTokens, int maxClientBatchSize, int payloadLimit, boolean autoTruncate,
        Duration requestTimeout, Duration shutdownTimeout) {
    private static final Duration MAX_TIME = Duration.ofDays(1);

    /** Checks each setting. */
    public ServeOptions {
        Objects.requireNonNull(host, "host");
        Objects.requireNonNull(apiKey, "apiKey");
        within("port", port, 0, 65_535);
        within("maxConcurrentRequests", maxConcurrentRequests, 1, QueueOptions.MAX_PERMITS);
        within("maxBatchTokens", maxBatchTokens.orElse(1), 1, RunOptions.MAX_TOKEN_BUDGET);
        within("maxClientBatchSize", maxClientBatchSize, 1, QueueOptions.MAX_PERMITS);
        within("payloadLimit", payloadLimit, 1, 1 << 30);
        if (!requestTimeout.isPositive() || requestTimeout.compareTo(MAX_TIME) > 0) {
            throw new IllegalArgumentException(
                    "requestTimeout: " + requestTimeout.toSeconds() + " (expected: 1..86400 seconds)");
        }
        if (shutdownTimeout.isNegative() || shutdownTimeout.compareTo(MAX_TIME) > 0) {
            throw new IllegalArgumentException(
                    "shutdownTimeout: " + shutdownTimeout.toSeconds() + " (expected: 0..86400 seconds)");
        }
    }

    private static void within(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    name + ": " + value + " (expected: " + least + ".." + most + ")");
        }
    }
}
