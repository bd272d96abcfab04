package dev.bgem3.app.hub;

/** Receives a download's progress, from any thread, but each method from only one thread at a time. */
public interface DownloadListener {
    /** Receives a message for the user. */
    void say(String message);

    /** Receives the number of bytes still to download. */
    void onStart(long bytes);

    /** Receives the number of bytes that have arrived since the last call. */
    void onBytes(long more);

    /** Called when the download has ended, whether it succeeded or failed. */
    void onEnd();
}
