package dev.bgem3;

/** Is notified of a call's progress after each batch, in the thread that made the call. */
@FunctionalInterface
public interface ProgressListener {
    /** Does nothing. */
    ProgressListener NONE = (texts, tokens) -> {};

    /**
     * Called when a batch is done.
     *
     * @param texts
     *            the number of texts in the batch
     * @param tokens
     *            the number of their tokens
     */
    void onProgress(int texts, long tokens);
}
