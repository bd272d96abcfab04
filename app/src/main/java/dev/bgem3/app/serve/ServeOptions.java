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
 *            the maximum number of texts that wait in the queue or are computed at a time; a request is
 *            refused at once if there is no room for its first text
 * @param maxBatchTokens
 *            the maximum number of tokens in a batch; empty for the model's default
 * @param maxClientBatchSize
 *            the maximum number of texts in a request
 * @param payloadLimit
 *            the maximum number of bytes in a request's body
 * @param autoTruncate
 *            whether to truncate a text that is too long if the request does not say
 * @param requestTimeout
 *            how long a request may wait for the next result of one of its texts
 * @param shutdownTimeout
 *            how long a stop waits for accepted requests
 * @param foreignTokenIds
 *            whether OpenAI's routes accept token ids that do not begin and end like the model's own
 */
public record ServeOptions(String host, int port, Optional<ApiKey> apiKey, int maxConcurrentRequests,
        OptionalInt maxBatchTokens, int maxClientBatchSize, int payloadLimit, boolean autoTruncate,
        Duration requestTimeout, Duration shutdownTimeout, boolean foreignTokenIds) {
    /** The default of the payload limit where the heap has room for it. */
    public static final int MAX_DEFAULT_PAYLOAD = 32_000_000;
    private static final Duration MAX_TIME = Duration.ofDays(1);
    /** The shortest text in JSON, with its quotes and comma. */
    private static final int MIN_TEXT_BYTES = 4;

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

    /** Returns the default of the payload limit: 32 MB, or less if this process's heap has no room for it. */
    public static int defaultPayloadLimit() {
        return (int) Math.min(MAX_DEFAULT_PAYLOAD,
                Math.max(1, HeapShares.largestPayload(Runtime.getRuntime().maxMemory())));
    }

    /**
     * Checks that a body of the payload limit can have as many texts as a request.
     *
     * @throws IllegalArgumentException
     *             if it cannot
     */
    public void requirePayloadForBatch() {
        int max = payloadLimit / MIN_TEXT_BYTES;
        if (maxClientBatchSize > max) {
            throw new IllegalArgumentException("maxClientBatchSize: " + maxClientBatchSize
                    + " (expected: at most " + max + ", the shortest texts in " + payloadLimit
                    + " bytes, --payload-limit)");
        }
    }

    private static void within(String name, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(
                    name + ": " + value + " (expected: " + min + ".." + max + ")");
        }
    }
}
