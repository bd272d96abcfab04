package dev.bgem3.app.handler;

import dev.bgem3.ProgressListener;
import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.stream.Streams;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * Draws how far the work is, with rate and time left, where it lasts over two seconds and standard error is a terminal.
 *
 * <p>
 * It counts the bytes of the input where their number is known, since only they tell how much is left, and texts otherwise.
 */
public final class Progress implements ProgressListener, AutoCloseable {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final int UPDATE_MILLIS = 500;
    private static final int COLUMNS = 79;
    private static final int BYTES_PER_KIB = 1024;

    private final Streams streams;
    private final LineReader reader;
    private final long start = System.nanoTime();
    private ProgressBar bar;
    private long textsBefore;
    private long windowTexts;
    private long bytesBefore;
    private long windowBytes;
    private long textsInWindow;
    private long tokens;

    /** Starts to count the lines of a reader. */
    public Progress(Streams streams, LineReader reader) {
        this.streams = streams;
        this.reader = reader;
    }

    /** The texts that follow are those that the reader gave since the last call. */
    void beginWindow(int texts) {
        textsBefore += windowTexts;
        bytesBefore += windowBytes;
        windowTexts = texts;
        windowBytes = reader.bytesRead() - bytesBefore;
        textsInWindow = 0;
    }

    @Override
    public void onProgress(int texts, long batchTokens) {
        textsInWindow = Math.min(windowTexts, textsInWindow + texts);
        tokens += batchTokens;
        long elapsed = System.nanoTime() - start;
        if (streams.errIsTerminal() && bar == null && elapsed > PATIENCE_NANOS) {
            bar = open(elapsed);
        }
        if (bar != null) {
            bar.stepTo(position());
            bar.setExtraMessage(String.format(Locale.ROOT, " %,.0f tokens/s", tokens * 1e9 / elapsed));
        }
    }

    private long position() {
        if (reader.sizeBytes().isEmpty()) {
            return textsBefore + textsInWindow;
        }
        return bytesBefore + windowBytes * textsInWindow / Math.max(1, windowTexts);
    }

    private ProgressBar open(long elapsedNanos) {
        OptionalLong size = reader.sizeBytes();
        ProgressBarBuilder builder = ProgressBar.builder().setTaskName("bgem3")
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(UPDATE_MILLIS).setConsumer(new Line(streams.err()))
                .clearDisplayOnFinish().showSpeed().startsFrom(0, Duration.ofNanos(elapsedNanos));
        if (size.isPresent()) {
            builder.setInitialMax(size.getAsLong()).setUnit(" KiB", BYTES_PER_KIB);
        } else {
            // Below 0 stands for not known.
            builder.setInitialMax(-1).setUnit(" texts", 1);
        }
        return builder.build();
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }

    /** One line of a terminal, written over and over. */
    private record Line(PrintStream err) implements ProgressBarConsumer {
        @Override
        public int getMaxRenderedLength() {
            return COLUMNS;
        }

        @Override
        public void accept(String rendered) {
            err.print("\r" + rendered);
            err.flush();
        }

        @Override
        public void clear() {
            err.print("\r" + " ".repeat(COLUMNS) + "\r");
            err.flush();
        }

        @Override
        public void close() {
            err.flush();
        }
    }
}
