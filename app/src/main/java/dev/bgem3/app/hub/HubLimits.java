package dev.bgem3.app.hub;

import java.time.Duration;
import java.util.Optional;

/**
 * The time limits and retry limits of a download.
 *
 * @param connectTimeout
 *            the longest time to establish a connection
 * @param answerTimeout
 *            the longest time from a request to the response's headers
 * @param stallTimeout
 *            the time in which at least {@code stallBytes} of a body must arrive
 * @param stallBytes
 *            the fewest bytes in that time; with fewer, the connection counts as stalled
 * @param retries
 *            how many times in a row a file or a request may be retried; receiving {@code progressBytes}
 *            resets the count
 * @param progressBytes
 *            how many bytes count as progress
 * @param firstPause
 *            the pause after the first failure; it doubles with each further one
 * @param longestPause
 *            the maximum of that pause; if a server asks for a wait more than ten times as long, the download
 *            fails
 * @param pieceBytes
 *            how many bytes one request fetches
 * @param total
 *            the longest time for the whole download, if limited
 */
public record HubLimits(Duration connectTimeout, Duration answerTimeout, Duration stallTimeout,
        long stallBytes,
        int retries, long progressBytes, Duration firstPause, Duration longestPause, long pieceBytes,
        Optional<Duration> total) {
    /** The default limits. */
    public static final HubLimits USUAL = new HubLimits(Duration.ofSeconds(10), Duration.ofSeconds(30),
            Duration.ofSeconds(30), 16 << 10, 5, 1 << 20, Duration.ofSeconds(1), Duration.ofSeconds(30),
            16 << 20,
            Optional.empty());

    /** Returns these limits with another one for the whole download. */
    public HubLimits withTotal(Optional<Duration> limit) {
        return new HubLimits(connectTimeout, answerTimeout, stallTimeout, stallBytes, retries, progressBytes,
                firstPause, longestPause, pieceBytes, limit);
    }
}
