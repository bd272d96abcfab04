package dev.bgem3.app.handler;

import dev.bgem3.app.stream.Streams;
import java.io.PrintStream;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.time.Duration;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * Draws how far the work is, with rate and time left, where it lasts a while and somebody watches.
 *
 * <p>
 * The clock starts with {@link #begin()}, so that the rate is that of the work alone. From then on the line
 * is drawn again and again, also while a single step takes long. The work may tell of its steps from any
 * thread.
 */
public final class Progress implements AutoCloseable {
    private static final int UPDATE_MILLIS = 500;

    private final Streams streams;
    private final String unit;
    private final long unitSize;
    private final OptionalLong total;
    private ProgressBar bar;
    private Line line;
    private long start;
    private long tokens;

    /**
     * Sets a line up.
     *
     * @param unit
     *            what is counted, as the line names it: {@code " KiB"}
     * @param unitSize
     *            how many steps make one of it
     * @param total
     *            how many steps there are, if that is known: without it there is no time left
     */
    public Progress(Streams streams, String unit, long unitSize, OptionalLong total) {
        this.streams = streams;
        this.unit = unit;
        this.unitSize = unitSize;
        this.total = total;
    }

    /** Starts the clock; once it runs, does nothing. */
    public synchronized void begin() {
        if (bar != null || streams.progressAfter().isEmpty()) {
            return;
        }
        start = System.nanoTime();
        line = new Line(streams.err(), streams.progressAfter().get());
        ProgressBarBuilder builder = ProgressBar.builder().setTaskName("bgem3")
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(UPDATE_MILLIS).continuousUpdate()
                .setConsumer(line)
                .showSpeed(new DecimalFormat("0.0", DecimalFormatSymbols.getInstance(Locale.ROOT)))
                .setUnit(unit, unitSize)
                // Below 0 stands for not known.
                .setInitialMax(total.orElse(-1));
        bar = builder.build();
    }

    /** So many steps are done. */
    public synchronized void to(long position) {
        if (bar == null) {
            return;
        }
        if (total.isPresent() && position > bar.getMax()) {
            bar.maxHint(position);
        }
        bar.stepTo(position);
    }

    /** So many tokens more were computed. */
    synchronized void addTokens(long more) {
        tokens += more;
        if (bar != null) {
            double seconds = (System.nanoTime() - start) / 1e9;
            bar.setExtraMessage(String.format(Locale.ROOT, " %,.0f tokens/s", tokens / seconds));
        }
    }

    @Override
    public synchronized void close() {
        if (bar != null) {
            bar.close();
            // Not left to the bar, which forgets it where it was only just opened.
            line.clear();
            bar = null;
        }
    }

    /** One line of a terminal, written over and over; silent at first. */
    private static final class Line implements ProgressBarConsumer {
        private final PrintStream err;
        private final long silentNanos;
        private final long start = System.nanoTime();
        private final AtomicBoolean drawn = new AtomicBoolean();

        Line(PrintStream err, Duration silence) {
            this.err = err;
            this.silentNanos = silence.toNanos();
        }

        @Override
        public int getMaxRenderedLength() {
            return Streams.PROGRESS_COLUMNS;
        }

        @Override
        public void accept(String rendered) {
            if (System.nanoTime() - start >= silentNanos) {
                drawn.set(true);
                err.print("\r" + rendered);
                err.flush();
            }
        }

        @Override
        public void clear() {
            if (drawn.get()) {
                err.print(Streams.WIPE);
                err.flush();
            }
        }

        @Override
        public void close() {
            err.flush();
        }
    }
}
