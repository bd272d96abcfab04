package dev.bgem3.app.handler;

import dev.bgem3.ProgressListener;
import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.stream.Streams;

/**
 * Shows the progress through the lines of an input: in bytes if its size is known, which gives the remaining
 * time, else in texts.
 */
public final class LineProgress implements ProgressListener, AutoCloseable {
    private static final int BYTES_PER_KIB = 1024;

    private final LineReader reader;
    private final Progress progress;
    private long textsBefore;
    private long windowTexts;
    private long bytesBefore;
    private long windowBytes;
    private long textsInWindow;

    /** Creates a progress line for a reader. */
    public LineProgress(Streams streams, LineReader reader) {
        this.reader = reader;
        boolean inBytes = reader.sizeBytes().isPresent();
        progress = new Progress(streams, inBytes ? " KiB" : " texts", inBytes ? BYTES_PER_KIB : 1,
                reader.sizeBytes());
    }

    /** Begins a window of the lines read since the last call, with this number of texts. */
    void beginWindow(int texts) {
        progress.begin();
        textsBefore += windowTexts;
        bytesBefore += windowBytes;
        windowTexts = texts;
        windowBytes = reader.bytesRead() - bytesBefore;
        textsInWindow = 0;
    }

    @Override
    public void onProgress(int texts, long tokens) {
        textsInWindow = Math.min(windowTexts, textsInWindow + texts);
        progress.to(reader.sizeBytes().isEmpty()
                ? textsBefore + textsInWindow
                : bytesBefore + windowBytes * textsInWindow / Math.max(1, windowTexts));
        progress.addTokens(tokens);
    }

    @Override
    public void close() {
        progress.close();
    }
}
