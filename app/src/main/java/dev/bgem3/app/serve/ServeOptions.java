package dev.bgem3.app.serve;

import dev.bgem3.QueueOptions;
import dev.bgem3.RunOptions;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The options of the server.
 *
 * @param host
 *            the address to listen on; only this machine can reach {@code 127.0.0.1}
 * @param port
 *            0..65535; 0 for any free port
 * @param apiKey
 *            the key that clients must send, if any
 * @param maxConcurrentRequests
 *            the maximum number of texts that wait or are computed at a time; a request that would exceed it
 *            is refused at once
 * @param maxBatchTokens
 *            the maximum number of tokens in a batch; empty for the model's default
 * @param maxClientBatchSize
 *            the maximum number of texts in a request
 * @param payloadLimit
 *            the maximum number of bytes in a request's body
 * @param autoTruncate
 *            whether to truncate a text that is too long if the request does not say
 * @param requestTimeout
 *            the time limit from a request's first byte to its response
 * @param shutdownTimeout
 *            how long a stop waits for accepted requests
 * @param foreignTokenIds
 *            whether OpenAI's routes accept token ids that do not begin and end like the model's own
 */
public record ServeOptions(String host, int port, Optional<ApiKey> apiKey, int maxConcurrentRequests,
        OptionalInt maxBatchTokens, int maxClientBatchSize, int payloadLimit, boolean autoTruncate,
        Duration requestTimeout, Duration shutdownTimeout, boolean foreignTokenIds) {
    private static final Duration MAX_TIME = Duration.ofDays(1);

    /** Checks the options. */
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

    private static void within(String name, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(
                    name + ": " + value + " (expected: " + min + ".." + max + ")");
        }
    }
}
