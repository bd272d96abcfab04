package dev.bgem3.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ThreadTeamTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void runsEveryPieceOnceInManyRounds(int threads) {
        try (ThreadTeam team = new ThreadTeam(threads)) {
            for (int round = 0; round < 3_000; round++) {
                int count = round % 23;
                AtomicIntegerArray done = new AtomicIntegerArray(count);
                AtomicIntegerArray busy = new AtomicIntegerArray(threads);
                team.run(count, (index, worker) -> {
                    assertThat(busy.incrementAndGet(worker)).as("two pieces at once on worker %d", worker)
                            .isEqualTo(1);
                    done.incrementAndGet(index);
                    busy.decrementAndGet(worker);
                });
                assertThat(IntStream.range(0, count).map(done::get)).as("round %d", round).containsOnly(
                        count == 0 ? new Integer[0] : new Integer[]{1});
            }
        }
    }

    @Test
    void wakesThreadsThatHaveParked() throws InterruptedException {
        try (ThreadTeam team = new ThreadTeam(3)) {
            for (int round = 0; round < 20; round++) {
                Thread.sleep(Duration.ofMillis(5));
                AtomicIntegerArray done = new AtomicIntegerArray(100);
                team.run(100, (index, _) -> done.incrementAndGet(index));
                assertThat(IntStream.range(0, 100).map(done::get).sum()).isEqualTo(100);
            }
        }
    }

    @Test
    void rethrowsAFailureAndKeepsWorking() {
        try (ThreadTeam team = new ThreadTeam(2)) {
            for (int bad = 0; bad < 50; bad++) {
                int failing = bad;
                assertThatThrownBy(() -> team.run(50, (index, _) -> {
                    if (index == failing) {
                        throw new IllegalArgumentException("piece " + index);
                    }
                })).isInstanceOf(IllegalArgumentException.class).hasMessage("piece " + bad);
            }
            AtomicIntegerArray done = new AtomicIntegerArray(10);
            team.run(10, (index, _) -> done.incrementAndGet(index));
            assertThat(done.get(9)).isEqualTo(1);
        }
    }

    @Test
    void stopsItsThreadsWhenClosed() throws InterruptedException {
        ThreadTeam team = new ThreadTeam(3);
        Thread[] members = new Thread[3];
        CountDownLatch all = new CountDownLatch(3);
        team.run(3, (_, worker) -> { // each piece waits for the others, so each worker gets one
            members[worker] = Thread.currentThread();
            all.countDown();
            awaitUninterrupted(all);
        });
        team.close();
        for (int worker = 1; worker < 3; worker++) {
            assertThat(members[worker].join(Duration.ofSeconds(30))).as("worker %d ended", worker).isTrue();
        }
        assertThatThrownBy(() -> team.run(1, (_, _) -> {})).isInstanceOf(IllegalStateException.class);
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
