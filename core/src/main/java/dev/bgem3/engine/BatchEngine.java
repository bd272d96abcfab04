package dev.bgem3.engine;

import java.util.List;
import java.util.function.IntFunction;

/**
 * A model as a {@link BatchQueue} sees it.
 *
 * @param <W>
 *            a text as it is computed
 * @param <R>
 *            what becomes of it
 */
public interface BatchEngine<W, R> {
    /** The tokens of a text. */
    int tokenCount(W text);

    /**
     * Computes some texts together; holds one of the model's slots meanwhile.
     *
     * @return gives the result of the text at an index, or throws what befell that text alone; called once
     * for each, and by
     *         another thread perhaps
     */
    IntFunction<R> compute(List<W> texts);
}
