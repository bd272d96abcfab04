package dev.bgem3.engine;

import java.time.Duration;
import java.util.List;

/**
 * What a {@link BatchQueue} answers to a call, and where its time went.
 *
 * @param results
 *            one for each text, in the call's order
 * @param tokens
 *            the tokens computed
 * @param tokenizing
 *            from the call until its last text was tokenized
 * @param waiting
 *            from then until a batch with one of its texts began
 * @param computing
 *            from then until its last text was computed
 */
public record QueueAnswer<R>(List<R> results, int tokens, Duration tokenizing, Duration waiting,
        Duration computing) {}
