package dev.bgem3.app.hub;

/** Is told how a download goes, from any thread, one call at a time for each method. */
public interface DownloadListener {
    /** Something worth reading. */
    void say(String message);

    /** The bytes that are still to come. */
    void onStart(long bytes);

    /** So many of them came. */
    void onBytes(long more);

    /** All came, or no more will. */
    void onEnd();
}
