package dev.bgem3;

/** Is told how far a call has come; called by the thread that made the call, after each batch. */
@FunctionalInterface
public interface ProgressListener {
    /** Listens to nothing. */
    ProgressListener NONE = (texts, tokens) -> {};

    /**
     * Some texts are done.
     *
     * @param texts
     *            the number of texts that this batch finished
     * @param tokens
     *            the number of their tokens
     */
    void onProgress(int texts, long tokens);
}
