package dev.bgem3.app.handler;

import dev.bgem3.ProgressListener;
import dev.bgem3.app.stream.Streams;
import java.util.OptionalLong;

/** Shows the progress of a known number of texts. */
final class TextProgress implements ProgressListener, AutoCloseable {
    private final Progress progress;
    private long done;

    /** Starts the clock. */
    TextProgress(Streams streams, long texts) {
        progress = new Progress(streams, " texts", 1, OptionalLong.of(texts));
        progress.begin();
    }

    @Override
    public void onProgress(int texts, long tokens) {
        done += texts;
        progress.to(done);
    }

    @Override
    public void close() {
        progress.close();
    }
}
