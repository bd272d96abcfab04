package dev.bgem3.convert;

/** Receives progress while a model is written. */
@FunctionalInterface
public interface WriteListener {
    /** Ignores progress. */
    WriteListener NONE = (_, _) -> {};

    /**
     * Called by the writing thread every few MiB and at the end of the weights.
     *
     * @param bytes
     *            the number of bytes of the weights' file written so far, more at each call
     * @param totalBytes
     *            the size of the complete file
     */
    void onWritten(long bytes, long totalBytes);
}
