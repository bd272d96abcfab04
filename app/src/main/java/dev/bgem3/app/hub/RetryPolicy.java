package dev.bgem3.app.hub;

import java.time.Duration;
import java.util.Optional;

/**
 * Counts the failures of one request or file, waits longer after each, and finally gives up. Not thread-safe.
 */
final class RetryPolicy {
    /** The longest wait that a server may ask for, as a multiple of the longest pause. */
    private static final int MAX_ASKED = 10;
    /** The retries for a host that never answered: probably there is no network, or its name is wrong. */
    private static final int UNREACHABLE_RETRIES = 2;

    private static final String KEPT = "; what came so far is kept, and the same call goes on from there";
    private static final String ELSEWHERE = " (HF_ENDPOINT names a mirror, https_proxy a proxy;"
            + " --offline asks nobody)";

    private final HubClient client;
    private int failures;

    RetryPolicy(HubClient client) {
        this.client = client;
    }

    /**
     * Waits before the next attempt, or throws if there must be none.
     *
     * @param progressed
     *            whether the failed attempt received enough bytes to reset the count
     * @throws HubException
     *             if too many attempts failed, the server asks for too long a wait, or the download was
     *             aborted
     */
    void failed(TransientException failure, boolean progressed) {
        client.check();
        HubLimits limits = client.limits();
        failures = progressed ? 1 : failures + 1;
        boolean unreachable = failure.isUnreachable() && !client.hasAnswered();
        int most = unreachable ? Math.min(UNREACHABLE_RETRIES, limits.retries()) : limits.retries();
        if (failures > most) {
            throw new HubException(
                    failure.getMessage() + (most == 0 ? "" : ", " + failures + " times in a row")
                            + (unreachable ? ELSEWHERE : KEPT),
                    failure);
        }
        Duration longestWait = limits.longestPause().multipliedBy(MAX_ASKED);
        Optional<Duration> asked = failure.retryAfter();
        if (asked.isPresent() && asked.get().compareTo(longestWait) > 0) {
            throw new HubException(
                    failure.getMessage() + ", and asks for a wait of " + HubFiles.seconds(asked.get())
                            + KEPT,
                    failure);
        }
        Duration pause = pause(limits);
        pause = asked.isPresent() && asked.get().compareTo(pause) > 0 ? asked.get() : pause;
        client.say(failure.getMessage() + "; trying again in " + HubFiles.seconds(pause));
        client.pause(pause);
    }

    private Duration pause(HubLimits limits) {
        Duration doubled = limits.firstPause().multipliedBy(1L << Math.min(failures - 1, 20));
        return doubled.compareTo(limits.longestPause()) > 0 ? limits.longestPause() : doubled;
    }
}
