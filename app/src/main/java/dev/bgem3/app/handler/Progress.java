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
 * Shows progress with rate and remaining time, if the work takes a while and standard error is a terminal.
 *
 * <p>
 * The clock starts with {@link #begin()}, so that the rate excludes the time before. From then on the line is
 * redrawn at intervals, even during a single long step. Any thread may report steps.
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
     * Creates a progress line, not yet shown.
     *
     * @param unit
     *            the unit to show, such as {@code " KiB"}
     * @param unitSize
     *            the number of steps in a unit
     * @param total
     *            the total number of steps, if known; without it the remaining time is not shown
     */
    public Progress(Streams streams, String unit, long unitSize, OptionalLong total) {
        this.streams = streams;
        this.unit = unit;
        this.unitSize = unitSize;
        this.total = total;
    }

    /** Starts the clock, unless it is running. */
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
                // -1 means that the total is unknown.
                .setInitialMax(total.orElse(-1));
        bar = builder.build();
    }

    /** Sets the number of steps done. */
    public synchronized void to(long position) {
        if (bar == null) {
            return;
        }
        if (total.isPresent() && position > bar.getMax()) {
            bar.maxHint(position);
        }
        bar.stepTo(position);
    }

    /** Adds to the number of tokens computed. */
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
            // The bar itself does not clear its line if it was closed right after it was opened.
            line.clear();
            bar = null;
        }
    }

    /** One line of a terminal, redrawn in place after an initial delay. */
    private static final class Line implements ProgressBarConsumer {
        private final PrintStream err;
        private final long delayNanos;
        private final long start = System.nanoTime();
        private final AtomicBoolean drawn = new AtomicBoolean();

        Line(PrintStream err, Duration delay) {
            this.err = err;
            this.delayNanos = delay.toNanos();
        }

        @Override
        public int getMaxRenderedLength() {
            return Streams.PROGRESS_COLUMNS;
        }

        @Override
        public void accept(String rendered) {
            if (System.nanoTime() - start >= delayNanos) {
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
