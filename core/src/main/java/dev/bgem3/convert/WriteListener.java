package dev.bgem3.convert;

/** Told how far the writing of a model has come. */
@FunctionalInterface
public interface WriteListener {
    /** Hears nothing. */
    WriteListener NONE = (_, _) -> {};

    /**
     * Called by the thread that writes, every few MiB and at the end of the weights.
     *
     * @param bytes
     *            the bytes of the weights' file written so far, more at each call
     * @param totalBytes
     *            the bytes it will have
     */
    void onWritten(long bytes, long totalBytes);
}
