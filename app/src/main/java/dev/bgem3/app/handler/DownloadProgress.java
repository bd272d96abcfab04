package dev.bgem3.app.handler;

import dev.bgem3.app.hub.DownloadListener;
import dev.bgem3.app.stream.Streams;
import java.util.OptionalLong;

/** Shows the progress of a download, in the bytes that this run downloads. */
final class DownloadProgress implements DownloadListener {
    private static final int BYTES_PER_MIB = 1 << 20;

    private final Streams streams;
    private Progress progress;
    private long position;

    DownloadProgress(Streams streams) {
        this.streams = streams;
    }

    @Override
    public synchronized void say(String message) {
        streams.say(message);
    }

    @Override
    public synchronized void onStart(long bytes) {
        progress = new Progress(streams, " MiB", BYTES_PER_MIB, OptionalLong.of(bytes));
        progress.begin();
    }

    @Override
    public synchronized void onBytes(long more) {
        position = Math.max(0, position + more);
        progress.to(position);
    }

    @Override
    public synchronized void onEnd() {
        progress.close();
    }
}
