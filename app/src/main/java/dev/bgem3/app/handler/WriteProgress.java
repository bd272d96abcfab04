package dev.bgem3.app.handler;

import dev.bgem3.app.stream.Streams;
import dev.bgem3.convert.WriteListener;
import java.util.OptionalLong;

/** How far the writing of a model is. */
public final class WriteProgress implements WriteListener, AutoCloseable {
    private static final int BYTES_PER_MIB = 1 << 20;

    private final Streams streams;
    private Progress progress;

    /** Waits for the first bytes. */
    public WriteProgress(Streams streams) {
        this.streams = streams;
    }

    @Override
    public void onWritten(long bytes, long totalBytes) {
        if (progress == null) {
            progress = new Progress(streams, " MiB", BYTES_PER_MIB, OptionalLong.of(totalBytes));
            progress.begin();
        }
        progress.to(bytes);
    }

    @Override
    public void close() {
        if (progress != null) {
            progress.close();
        }
    }
}
