package dev.bgem3.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.text.MessageFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RepeatedFailureTest {
    private static final String NAME = "dev.bgem3.test.repeated";

    private final Logger logger = Logger.getLogger(NAME);
    private final List<LogRecord> records = new ArrayList<>();
    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 1); // The clock may overflow.
    private final RepeatedFailure failure = new RepeatedFailure(QuietLogger.of(NAME), "the listener failed",
            now::get);
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord entry) {
            records.add(entry);
        }

        @Override
        public void flush() {
            // Nothing is buffered.
        }

        @Override
        public void close() {
            // There is nothing to close.
        }
    };

    @BeforeEach
    void listen() {
        logger.setUseParentHandlers(false);
        logger.addHandler(handler);
    }

    @AfterEach
    void stopListening() {
        logger.removeHandler(handler);
        logger.setUseParentHandlers(true);
    }

    private List<String> lines() {
        return records.stream()
                .map(entry -> new MessageFormat(entry.getMessage(), Locale.ROOT)
                        .format(entry.getParameters()))
                .toList();
    }

    @Test
    void logsTheFirstWithItsTraceAndLaterOnesAsALineAMinute() {
        for (int i = 0; i < 1_000; i++) {
            failure.log(new IllegalStateException("number " + i));
        }
        assertThat(lines()).containsExactly("the listener failed");
        assertThat(records.getFirst().getThrown()).hasMessage("number 0");
        now.addAndGet(RepeatedFailure.PAUSE_NANOS - 1);
        failure.log(new IllegalStateException("too early"));
        now.incrementAndGet();
        failure.log(new IOException("late"));
        failure.log(new IllegalStateException("too early again"));
        assertThat(lines()).containsExactly("the listener failed",
                "the listener failed again; failures since the last line: 1001; the latest: "
                        + "java.io.IOException: late");
        assertThat(records.getLast().getThrown()).hasMessage("late");
        now.addAndGet(RepeatedFailure.PAUSE_NANOS);
        failure.log(new IOException("later"));
        assertThat(lines()).hasSize(3).last().asString().contains("last line: 2;").endsWith(": later");
        assertThat(records.getLast().getThrown()).as("of the same class").isNull();
    }
}
