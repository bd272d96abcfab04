package dev.bgem3.engine;

import java.util.List;
import java.util.function.IntFunction;

/**
 * A model, as a {@link BatchQueue} uses it.
 *
 * @param <W>
 *            a text to compute
 * @param <R>
 *            the result for a text
 */
public interface BatchEngine<W, R> {
    /** Returns the number of tokens of a text. */
    int tokenCount(W text);

    /**
     * Computes texts together, in one of the model's slots.
     *
     * @return a function that returns the result of the text at an index, or throws if that text alone
     *         failed. It is called once for each text, possibly in another thread.
     */
    IntFunction<R> compute(List<W> texts);
}
