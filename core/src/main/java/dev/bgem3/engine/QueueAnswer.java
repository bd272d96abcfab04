package dev.bgem3.engine;

import java.time.Duration;
import java.util.List;

/**
 * The answer of a {@link BatchQueue} to a call, and how the time was spent.
 *
 * @param results
 *            one for each text, in the call's order
 * @param tokens
 *            the number of tokens computed
 * @param tokenizing
 *            from the call until its last text was tokenized
 * @param waiting
 *            from then until a batch with one of its texts began
 * @param computing
 *            from then until its last text was computed
 */
public record QueueAnswer<R>(List<R> results, int tokens, Duration tokenizing, Duration waiting,
        Duration computing) {}
