package dev.bgem3.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.bgem3.engine.FakeEngine.Text;
import dev.bgem3.error.InputException;
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
        assertThat(queue.state()).isEqualTo(new BatchQueue.State(5, 3, 1, 94));
        engine.release(4);
        assertThat(answer(first)).containsExactly(0);
        assertThat(answer(large)).containsExactly(1);
        assertThat(answer(larger)).containsExactly(2);
        assertThat(answer(small)).containsExactly(3, 4, 5);
        assertThat(engine.batches()).containsExactly(List.of(0), List.of(1, 3, 4), List.of(2, 5));
    }

    @Test
    void refusesAtOnceIfOnePermitIsMissing() throws Exception {
        start(3, Optional.empty());
        var first = ask(0);
        engine.awaitBegun(1);
        var second = ask(1);
        assertThatExceptionOfType(OverloadedException.class).isThrownBy(() -> ask(2, 3))
                .withMessage("overloaded: permits: 3, asked 2, free 1");
        assertThatExceptionOfType(InputException.class).isThrownBy(() -> ask(2, 3, 4, 5));
        assertThat(queue.state().freePermits()).isEqualTo(1);
        engine.release(1);
        assertThat(answer(first)).containsExactly(0);
        var third = ask(2, 3);
        engine.release(2);
        assertThat(answer(second)).containsExactly(1);
        assertThat(answer(third)).containsExactly(2, 3);
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
