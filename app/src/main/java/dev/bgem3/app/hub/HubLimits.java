package dev.bgem3.app.hub;

import java.time.Duration;
import java.util.Optional;

/**
 * How patient a download is.
 *
 * @param connectTimeout
 *            for a connection to come about
 * @param answerTimeout
 *            from a request to the answer's head
 * @param stallTimeout
 *            within which a body must bring {@code stallBytes}
 * @param stallBytes
 *            fewer in that time are a stalled connection
 * @param retries
 *            failures in a row of one file or question after which it is given up; one that brought
 *            {@code progressBytes} begins the count anew
 * @param progressBytes
 *            how many bytes are progress
 * @param firstPause
 *            after the first failure; each further one doubles it
 * @param longestPause
 *            the most it grows to; a server that asks for more than ten times that is not waited for
 * @param pieceBytes
 *            how many bytes one request asks for
 * @param total
 *            for the whole download, if there is a limit
 */
public record HubLimits(Duration connectTimeout, Duration answerTimeout, Duration stallTimeout,
        long stallBytes,
        int retries, long progressBytes, Duration firstPause, Duration longestPause, long pieceBytes,
        Optional<Duration> total) {
    /** For people's networks. */
    public static final HubLimits USUAL = new HubLimits(Duration.ofSeconds(10), Duration.ofSeconds(30),
            Duration.ofSeconds(30), 16 << 10, 5, 1 << 20, Duration.ofSeconds(1), Duration.ofSeconds(30),
            16 << 20,
            Optional.empty());

    /** The same with another limit for the whole. */
    public HubLimits withTotal(Optional<Duration> limit) {
        return new HubLimits(connectTimeout, answerTimeout, stallTimeout, stallBytes, retries, progressBytes,
                firstPause, longestPause, pieceBytes, limit);
    }
}
