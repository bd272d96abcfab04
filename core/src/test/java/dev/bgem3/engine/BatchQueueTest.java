package dev.bgem3.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.bgem3.engine.FakeEngine.Text;
import dev.bgem3.error.OverloadedException;
import dev.bgem3.error.TimedOutException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tests the queue in front of a fake model that a test can hold. */
class BatchQueueTest {
    private static final int SECONDS = 30;
    private static final int BUDGET = 10;

    private FakeEngine engine = FakeEngine.held();
    private BatchQueue<Text, Integer> queue;

    private void start(int permits, Optional<Duration> timeout) {
        queue = new BatchQueue<>(engine, new QueueSettings(1, BUDGET, permits, timeout, (_, _, _, _) -> {}));
    }

    @AfterEach
    void everythingIsAnsweredAndEveryPermitIsBack() {
        engine.release(1000);
        queue.close();
        BatchQueue.State state = queue.state();
        assertThat(state).isEqualTo(new BatchQueue.State(0, 0, 0, state.freePermits()));
    }

    /** Submits texts of one token each. */
    private CompletableFuture<QueueAnswer<Integer>> ask(int... numbers) {
        return askTokens(1, numbers);
    }

    private CompletableFuture<QueueAnswer<Integer>> askTokens(int tokens, int... numbers) {
        return queue.submit(numbers.length,
                _ -> IntStream.of(numbers).mapToObj(number -> new Text(number, tokens)).toList(),
                Function.identity());
    }

    private static List<Integer> answer(CompletableFuture<QueueAnswer<Integer>> future)
            throws InterruptedException, ExecutionException {
        try {
            return future.get(SECONDS, TimeUnit.SECONDS).results();
        } catch (java.util.concurrent.TimeoutException e) {
            throw new AssertionError("no answer", e);
        }
    }

    @Test
    void formsTheNextBatchFromTheOldestTextAndThoseThatFit() throws Exception {
        start(100, Optional.empty());
        var first = ask(0);
        engine.awaitBegun(1);
        var large = askTokens(8, 1);
        var larger = askTokens(9, 2);
        var small = ask(3, 4, 5);
        assertThat(queue.state()).isEqualTo(new BatchQueue.State(5, 2, 1, 96));
        engine.release(4);
        assertThat(answer(first)).containsExactly(0);
        assertThat(answer(large)).containsExactly(1);
        assertThat(answer(larger)).containsExactly(2);
        assertThat(answer(small)).containsExactly(3, 4, 5);
        assertThat(engine.batches()).containsExactly(List.of(0), List.of(1, 3, 4), List.of(2, 5));
    }

    @Test
    void refusesAtOnceIfNoPermitIsFree() throws Exception {
        start(2, Optional.empty());
        var first = ask(0);
        engine.awaitBegun(1);
        var second = ask(1, 2, 3);
        assertThatExceptionOfType(OverloadedException.class).isThrownBy(() -> ask(4))
                .withMessage("overloaded: all 2 permits are taken");
        assertThat(queue.state()).isEqualTo(new BatchQueue.State(3, 1, 1, 0));
        engine.release(1);
        assertThat(answer(first)).containsExactly(0);
        engine.awaitBegun(1);
        var third = ask(4); // The second has one of the permits and leaves the other.
        engine.release(4);
        assertThat(answer(second)).containsExactly(1, 2, 3);
        assertThat(answer(third)).containsExactly(4);
    }

    @Test
    void computesMoreTextsThanItHasPermits() throws Exception {
        for (int permits : new int[]{1, 2, 3, 7}) {
            engine = FakeEngine.quick();
            start(permits, Optional.empty());
            assertThat(answer(ask(IntStream.range(0, 50).toArray()))).hasSize(50).isSorted();
            assertThat(engine.batches()).allSatisfy(
                    batch -> assertThat(batch).hasSizeLessThanOrEqualTo(Math.max(1, permits)));
            queue.close();
        }
        assertThat(queue.state().freePermits()).isEqualTo(7);
    }

    @Test
    void answersASmallRequestInTheNextBatchBesideALargeOne() throws Exception {
        start(64, Optional.empty());
        var large = ask(IntStream.range(0, 2048).toArray());
        for (int round = 0; round < 5; round++) {
            engine.awaitBegun(1);
            var small = ask(-1 - round);
            engine.release(1);
            engine.awaitBegun(1);
            assertThat(engine.batches().get(2 * round + 1)).hasSize(BUDGET).contains(-1 - round);
            engine.release(1);
            assertThat(answer(small)).containsExactly(-1 - round);
        }
        assertThat(large.isDone()).isFalse();
        engine.release(1000);
        assertThat(answer(large)).isEqualTo(IntStream.range(0, 2048).boxed().toList());
    }

    @Test
    void finishesALargeRequestThoughSmallOnesFillEachBatch() throws Exception {
        start(64, Optional.empty());
        var first = ask(-1);
        engine.awaitBegun(1);
        var large = ask(IntStream.range(0, 20).toArray());
        while (engine.batches().stream().flatMap(List::stream).filter(number -> number >= 0).count() < 20) {
            assertThat(engine.batches()).hasSizeLessThan(120);
            for (int j = queue.state().waiting(); j < 40; j++) {
                ask(-1);
            }
            engine.release(1);
            engine.awaitBegun(1);
        }
        engine.release(1000);
        assertThat(answer(first)).containsExactly(-1);
        assertThat(answer(large)).hasSize(20);
    }

    @Test
    void sharesBatchesBetweenLargeRequests() throws Exception {
        start(64, Optional.empty());
        var first = ask(0);
        engine.awaitBegun(1);
        var odd = ask(IntStream.range(0, 100).map(i -> 2 * i + 1).toArray());
        var even = ask(IntStream.range(0, 100).map(i -> 2 * i).toArray());
        engine.release(1000);
        assertThat(answer(first)).containsExactly(0);
        assertThat(answer(odd)).hasSize(100);
        assertThat(answer(even)).hasSize(100);
        assertThat(engine.batches().subList(1, 20)).allSatisfy(
                batch -> assertThat(batch.stream().filter(number -> number % 2 == 0).count())
                        .isEqualTo(BUDGET / 2));
    }

    @Test
    void countsTheTimeoutFromTheLastResult() throws Exception {
        Duration timeout = Duration.ofSeconds(1);
        while (!answersAfter(timeout)) { // A busy machine may not compute a batch within it.
            timeout = timeout.multipliedBy(2);
            assertThat(timeout).isLessThan(Duration.ofSeconds(60));
        }
    }

    /** Returns whether a request is answered whose batches are released during more than the time-out. */
    private boolean answersAfter(Duration timeout) throws Exception {
        engine = FakeEngine.held();
        start(8, Optional.of(timeout));
        var large = ask(IntStream.range(0, 24).toArray());
        for (int i = 0; i < 4; i++) {
            Thread.sleep(timeout.toMillis() / 3);
            engine.release(1);
        }
        Throwable failure = catchThrowable(() -> assertThat(answer(large)).hasSize(24));
        engine.release(1000);
        queue.close();
        if (failure != null) {
            assertThat(failure).cause().isInstanceOf(TimedOutException.class);
        }
        return failure == null;
    }

    @Test
    void withdrawsARequestWhoseResultsStop() throws Exception {
        start(8, Optional.of(Duration.ofSeconds(1)));
        var stuck = ask(IntStream.range(0, 24).toArray());
        engine.release(1);
        // On a busy machine, possibly before the first batch.
        assertThat(catchThrowable(() -> answer(stuck))).cause().isInstanceOf(TimedOutException.class)
                .hasMessageMatching(
                        "timeout: PT1S \\(expected: an answer; (18|24) of 24 texts were not computed\\)");
        assertThat(queue.state().waiting()).isZero();
    }

    @Test
    void removesACancelledRequestAtOnce() throws Exception {
        start(8, Optional.empty());
        var first = ask(0);
        engine.awaitBegun(1);
        var second = ask(1, 2, 3);
        var third = ask(4);
        second.cancel(false);
        assertThat(queue.state()).isEqualTo(new BatchQueue.State(1, 1, 1, 6));
        first.cancel(true); // Its running text keeps its permit until the batch ends.
        assertThat(queue.state().freePermits()).isEqualTo(6);
        engine.release(2);
        assertThat(answer(third)).containsExactly(4);
        assertThat(engine.batches()).containsExactly(List.of(0), List.of(4));
        assertThat(catchThrowable(first::join)).isInstanceOf(CancellationException.class);
    }

    @Test
    void withdrawsARequestThatTakesTooLong() throws Exception {
        start(8, Optional.of(Duration.ofSeconds(1))); // Longer than it takes a busy machine to start a batch.
        var first = ask(0);
        engine.awaitBegun(1);
        var second = ask(1, 2);
        for (var late : List.of(first, second)) {
            assertThat(catchThrowable(() -> answer(late))).cause().isInstanceOf(TimedOutException.class)
                    .hasMessageStartingWith("timeout: PT1S (expected: an answer; ");
        }
        assertThat(queue.state()).isEqualTo(new BatchQueue.State(0, 0, 1, 7));
        engine.release(2);
        assertThat(answer(ask(3))).containsExactly(3);
        assertThat(engine.batches()).containsExactly(List.of(0), List.of(3));
    }

    @Test
    void answersAcceptedRequestsBeforeItCloses() throws Exception {
        start(100, Optional.empty());
        var first = ask(0);
        engine.awaitBegun(1);
        var second = askTokens(7, 1, 2, 3);
        Thread closing = Thread.startVirtualThread(queue::close);
        while (catchThrowable(() -> ask()) == null) {
            Thread.sleep(1);
        }
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> ask(9))
                .withMessage("the queue is closed");
        assertThat(closing.isAlive()).isTrue();
        engine.release(4);
        closing.join();
        assertThat(first.isDone() && second.isDone()).isTrue();
        assertThat(second.join().results()).containsExactly(1, 2, 3);
        queue.close();
    }
}
