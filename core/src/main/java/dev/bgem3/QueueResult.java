package dev.bgem3;

import dev.bgem3.engine.QueueAnswer;
import java.time.Duration;
import java.util.List;

/**
 * The answer of a queue to a request: the results of its texts, and how the time was spent. The three
 * durations add up to the time from the call to the answer.
 *
 * @param results
 *            one for each text, in the request's order
 * @param tokens
 *            the number of tokens computed, including {@code <s>} and {@code </s>}
 * @param tokenizing
 *            from the call until its last text was tokenized
 * @param waiting
 *            from then until a batch with one of its texts began
 * @param computing
 *            from then until its last text was computed
 */
public record QueueResult<R>(List<R> results, int tokens, Duration tokenizing, Duration waiting,
        Duration computing) {
    static <R> QueueResult<R> of(QueueAnswer<R> answer) {
        return new QueueResult<>(answer.results(), answer.tokens(), answer.tokenizing(), answer.waiting(),
                answer.computing());
    }
}
