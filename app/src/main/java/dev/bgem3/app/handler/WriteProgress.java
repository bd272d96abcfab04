package dev.bgem3.app.handler;

import dev.bgem3.app.stream.Streams;
import dev.bgem3.convert.WriteListener;
import java.util.OptionalLong;

/** Shows the progress of writing a model. */
public final class WriteProgress implements WriteListener, AutoCloseable {
    private static final int BYTES_PER_MIB = 1 << 20;

    private final Streams streams;
    private Progress progress;

    /** Creates a progress line, shown from the first bytes on. */
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
