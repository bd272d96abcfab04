package dev.bgem3.testsupport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** Checks that the limits of the fuzz tests can fail. */
class BoundedTest {
    @Test
    void failsWorkThatNeverReturnsAllocatesTooMuchOrThrows() {
        assertThat(Bounded.call(() -> "x", 1 << 20, () -> 7)).isEqualTo(7);
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> Bounded.call(() -> "hang", 1, 1 << 20, () -> {
                    while (true) {
                        LockSupport.parkNanos(1_000_000);
                    }
                })).withMessageStartingWith("over 1 s: hang");
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> Bounded.call(() -> "huge", 1 << 20, () -> new byte[2 << 20].length))
                .withStackTraceContaining("bytes allocated (expected: at most 1048576): huge");
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> Bounded.call(() -> "bad", 1 << 20, () -> {
                    throw new IllegalStateException("thrown");
                })).withMessage("bad").withStackTraceContaining("thrown");
    }
}
