package dev.bgem3.app.handler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.app.stream.Streams;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Tests when the progress line is drawn, and which time it counts. */
class ProgressClockTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private Progress progress(Optional<Duration> after) {
        Streams streams = new Streams(InputStream.nullInputStream(), OutputStream.nullOutputStream(),
                new PrintStream(err, true), after);
        return new Progress(streams, " texts", 1, OptionalLong.of(10));
    }

    @Test
    void redrawsDuringALongStep() throws Exception {
        try (Progress progress = progress(Optional.of(Duration.ZERO))) {
            progress.begin();
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (!err.toString().contains("0:00:01") && System.nanoTime() < deadline) {
                Thread.sleep(20);
            }
            assertThat(err.toString()).contains("0% ", "0/10 texts", "(0:00:00", "(0:00:01");
        }
    }

    @Test
    void startsTheClockWithTheWork() throws Exception {
        try (Progress progress = progress(Optional.of(Duration.ZERO))) {
            Thread.sleep(2_100);
            assertThat(err.size()).isZero();
            progress.begin();
            progress.begin();
            progress.to(10);
        }
        assertThat(err.toString()).contains("100%").doesNotContainPattern("\\(0:00:0[2-9]");
    }

    @Test
    void showsNothingBeforeTheDelay() {
        try (Progress progress = progress(Optional.of(Duration.ofHours(1)))) {
            progress.begin();
            progress.to(5);
        }
        try (Progress progress = progress(Optional.empty())) {
            progress.begin();
            progress.to(5);
        }
        assertThat(err.size()).isZero();
    }
}
