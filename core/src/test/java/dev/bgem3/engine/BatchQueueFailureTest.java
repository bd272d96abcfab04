package dev.bgem3.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.sun.management.ThreadMXBean;
import dev.bgem3.engine.FakeEngine.Text;
import dev.bgem3.error.TimedOutException;
import dev.bgem3.testsupport.TestSizes;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Tests that a queue answers all accepted requests, gets its permits back and closes, whatever is thrown
 * anywhere.
 */
@Timeout(120)
class BatchQueueFailureTest {
    private static final int PERMITS = 64;
    private static final int BUDGET = 8;

    private static QueueSettings settings(int slots) {
        return new QueueSettings(slots, BUDGET, PERMITS, Optional.empty(), (_, _, _, _) -> {});
    }

    private static BatchQueue<Text, Integer> queue(BatchEngine<Text, Integer> engine) {
        return new BatchQueue<>(engine, settings(1));
    }

    private static BatchQueue<Text, Integer> queue(Duration timeout) {
        return new BatchQueue<>(FakeEngine.quick(), new QueueSettings(1, BUDGET, PERMITS,
                Optional.of(timeout), (_, _, _, _) -> {}));
    }

    private static CompletableFuture<QueueAnswer<Integer>> ask(
            BatchQueue<Text, Integer> queue,
            int... numbers) {
        return queue.submit(numbers.length,
                _ -> IntStream.of(numbers).mapToObj(number -> new Text(number, 1)).toList(),
                Function.identity());
    }

    private static List<CompletableFuture<QueueAnswer<Integer>>> askMany(
            BatchQueue<Text, Integer> queue) {
        List<CompletableFuture<QueueAnswer<Integer>>> futures = new ArrayList<>();
        for (int i = 0; i < PERMITS / 2; i++) {
            futures.add(ask(queue, i, -i));
        }
        return futures;
    }

    private static void assertIdle(BatchQueue<Text, Integer> queue) {
        queue.close();
        assertThat(queue.state()).isEqualTo(new BatchQueue.State(0, 0, 0, PERMITS));
    }

    @Test
    void continuesIfThePlannerRunsOutOfMemory() throws Exception {
        AtomicInteger failures = new AtomicInteger();
        var planner = new BatchPlanner<QueuedRequest.Text<FakeEngine.Text, Integer>>(
                BUDGET, 1) {
            @Override
            List<QueuedRequest.Text<FakeEngine.Text, Integer>> take() {
                if (failures.getAndIncrement() % 3 < 2) {
                    throw new OutOfMemoryError("on purpose");
                }
                return super.take();
            }
        };
        var queue = new BatchQueue<>(FakeEngine.quick(), planner, settings(1));
        for (var future : askMany(queue)) {
            assertThat(future.get(30, TimeUnit.SECONDS).results()).hasSize(2);
        }
        assertIdle(queue);
        assertThat(failures).as("calls of the failing method").hasValueGreaterThan(2);
    }

    /** A call that ran out of memory half-way would lose the answers that are not settled yet. */
    @Test
    void settlesABatchWithoutMemory() throws Exception {
        int slots = 16;
        FakeEngine engine = FakeEngine.held();
        List<List<QueuedRequest.Text<FakeEngine.Text, Integer>>> batches = new CopyOnWriteArrayList<>();
        var planner = new BatchPlanner<QueuedRequest.Text<FakeEngine.Text, Integer>>(2, slots) {
            @Override
            List<QueuedRequest.Text<FakeEngine.Text, Integer>> take() {
                List<QueuedRequest.Text<FakeEngine.Text, Integer>> batch = super.take();
                batches.add(batch);
                return batch;
            }
        };
        var queue = new BatchQueue<>(engine, planner, new QueueSettings(slots, 2, PERMITS, Optional.empty(),
                QueueSettings.Listener.NONE));
        List<CompletableFuture<QueueAnswer<Integer>>> futures = new ArrayList<>();
        for (int i = 0; i < slots; i++) {
            futures.add(ask(queue, i, -i));
            engine.awaitBegun(1); // Otherwise texts of two requests may share a batch.
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Throwable failure = new IllegalStateException("on purpose");
        long[] least = {Long.MAX_VALUE, Long.MAX_VALUE}; // Linking allocates at the first call.
        for (int i = 0; i < slots; i++) {
            Object[] results = {7, 8};
            Throwable[] failures = {i % 2 == 0 ? null : failure, null};
            long before = threads.getCurrentThreadAllocatedBytes();
            queue.settle(batches.get(i), results, failures);
            least[i % 2] = Math.min(least[i % 2], threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(least).as("bytes for batches that succeed and fail").containsOnly(0);
        assertThat(futures.stream().filter(future -> catchThrowable(future::join) == null)).hasSize(slots / 2)
                .allMatch(future -> future.join().results().equals(List.of(7, 8)));
        engine.release(slots);
        assertIdle(queue);
    }

    @Test
    void continuesIfTextsOfLargeRequestsFindNoMemory() throws Exception {
        AtomicInteger failures = new AtomicInteger();
        var planner = new BatchPlanner<QueuedRequest.Text<FakeEngine.Text, Integer>>(BUDGET, 2) {
            @Override
            void add(QueuedRequest.Text<FakeEngine.Text, Integer> text) {
                boolean after = failures.getAndIncrement() % 7 == 5;
                if (after) {
                    super.add(text);
                }
                if (after || failures.get() % 7 == 2) {
                    throw new OutOfMemoryError("on purpose");
                }
                super.add(text);
            }
        };
        var queue = new BatchQueue<>(FakeEngine.quick(), planner, settings(2));
        List<CompletableFuture<QueueAnswer<Integer>>> futures = new ArrayList<>();
        int[] numbers = IntStream.range(0, 300).toArray();
        while (futures.size() < 8) {
            try {
                futures.add(ask(queue, numbers));
            } catch (OutOfMemoryError refused) {
                assertThat(refused).hasMessage("on purpose");
            }
        }
        futures.removeLast().cancel(false);
        for (var future : futures) {
            assertThat(future.get(60, TimeUnit.SECONDS).results()).hasSize(300).isSorted();
        }
        assertIdle(queue);
        assertThat(failures).as("calls of the failing method").hasValueGreaterThan(1000);
    }

    @Test
    void givesAllPermitsBackAfterManyRequestsOfAllSizesOnSeveralSlots() throws Exception {
        FakeEngine engine = FakeEngine.quick().failing(text -> text.number() % 97 == 3, _ -> false);
        var queue = new BatchQueue<>(engine, new QueueSettings(3, BUDGET, PERMITS,
                Optional.of(Duration.ofSeconds(60)), (_, _, _, _) -> {}));
        List<Thread> callers = new ArrayList<>();
        AtomicInteger answered = new AtomicInteger();
        for (int i = 0; i < 8; i++) {
            int caller = i;
            callers.add(Thread.startVirtualThread(() -> {
                for (int round = 0; round < TestSizes.pick(30, 100); round++) {
                    int count = (caller * 31 + round * 17) % 200 + 1;
                    var future = ask(queue, IntStream.range(4, 4 + count).map(n -> n % 90).toArray());
                    if (round % 5 == caller % 5) {
                        future.cancel(false);
                    } else if (catchThrowable(future::join) == null) {
                        answered.incrementAndGet();
                    }
                }
            }));
        }
        for (Thread caller : callers) {
            caller.join();
        }
        assertIdle(queue);
        assertThat(answered).as("answered requests").hasPositiveValue();
    }

    @Test
    void continuesIfAListenerThrowsAnything() throws Exception {
        List<Throwable> thrown = List.of(new OutOfMemoryError("on purpose"), new StackOverflowError(),
                new NoClassDefFoundError("on purpose"), new IllegalStateException("on purpose"));
        AtomicInteger next = new AtomicInteger();
        var queue = new BatchQueue<>(FakeEngine.quick(), new QueueSettings(2, BUDGET, PERMITS,
                Optional.empty(), (_, _, _, _) -> {
                    BatchQueueFailureTest.<RuntimeException>sneak(
                            thrown.get(next.getAndIncrement() % thrown.size()));
                }));
        for (var future : askMany(queue)) {
            assertThat(future.get(30, TimeUnit.SECONDS).results()).hasSize(2);
        }
        assertIdle(queue);
        assertThat(next).as("calls of the listener").hasValueGreaterThanOrEqualTo(thrown.size());
    }

    @Test
    void logsAListenerThatAlwaysThrowsOnce() throws Exception {
        List<LogRecord> records = new CopyOnWriteArrayList<>();
        Handler handler = new Handler() {
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
        Logger logger = Logger.getLogger("dev.bgem3");
        logger.addHandler(handler);
        try {
            CountDownLatch calls = new CountDownLatch(5);
            var queue = new BatchQueue<>(FakeEngine.quick(), new QueueSettings(1, BUDGET, PERMITS,
                    Optional.empty(), (_, _, _, _) -> {
                        calls.countDown();
                        throw new IllegalStateException("on purpose");
                    }));
            while (calls.getCount() > 0) {
                assertThat(ask(queue, 1).get(30, TimeUnit.SECONDS).results()).containsExactly(1);
            }
            assertIdle(queue);
            for (int wait = 0; wait < 1_000 && records.isEmpty(); wait++) {
                sleep(10);
            }
            assertThat(records).as("records").singleElement().extracting(LogRecord::getThrown).asString()
                    .contains("on purpose");
        } finally {
            logger.removeHandler(handler);
        }
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> void sneak(Throwable thrown) throws E {
        throw (E) thrown;
    }

    @Test
    void continuesIfTheLoggerThrows() throws Exception {
        AtomicInteger published = new AtomicInteger();
        Handler throwing = new Handler() {
            @Override
            public void publish(LogRecord entry) {
                published.incrementAndGet();
                throw new IllegalStateException("on purpose");
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
        Logger logger = Logger.getLogger("dev.bgem3");
        Level level = logger.getLevel();
        logger.addHandler(throwing);
        logger.setLevel(Level.ALL);
        try {
            FakeEngine engine = FakeEngine.quick()
                    .failing(text -> text.number() == 3 || text.number() == 7, _ -> false);
            var queue = queue(engine);
            List<CompletableFuture<QueueAnswer<Integer>>> futures = askMany(queue);
            for (int i = 0; i < futures.size(); i++) {
                Throwable failure = catchThrowable(futures.get(i)::join);
                if (i == 3 || i == 7) {
                    assertThat(failure).hasCauseInstanceOf(FakeEngine.Failure.class);
                } else {
                    assertThat(failure).as("request %d", i).isNull();
                }
            }
            assertIdle(queue);
            assertThat(published).as("calls of the handler").hasPositiveValue();
        } finally {
            logger.removeHandler(throwing);
            logger.setLevel(level);
        }
    }

    @Test
    void answersOthersIfDependentActionsThrow() {
        var queue = queue(FakeEngine.quick());
        List<CompletableFuture<?>> dependents = new ArrayList<>();
        for (var future : askMany(queue)) {
            dependents.add(future.whenComplete((_, _) -> {
                throw new StackOverflowError();
            }));
        }
        dependents.forEach(future -> assertThat(catchThrowable(future::join))
                .hasCauseInstanceOf(StackOverflowError.class));
        assertIdle(queue);
    }

    @Test
    void givesPermitsBackIfTokenizingFails() {
        var queue = queue(Duration.ofSeconds(30));
        assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> queue.submit(5, _ -> {
            throw new OutOfMemoryError("on purpose");
        }, Function.identity()));
        assertThat(queue.state().freePermits()).isEqualTo(PERMITS);
        assertIdle(queue);
    }

    @Test
    void givesPermitsBackIfATokenCountFails() {
        FakeEngine quick = FakeEngine.quick();
        BatchEngine<Text, Integer> engine = new BatchEngine<>() {
            @Override
            public int tokenCount(Text text) {
                if (text.number() == 2) {
                    throw new OutOfMemoryError("on purpose");
                }
                return quick.tokenCount(text);
            }

            @Override
            public java.util.function.IntFunction<Integer> compute(List<Text> texts) {
                return quick.compute(texts);
            }
        };
        var queue = queue(engine);
        assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> ask(queue, 0, 1, 2, 3));
        assertThat(ask(queue, 4, 5).join().results()).containsExactly(4, 5);
        assertIdle(queue);
    }

    @Test
    void acceptsTimeoutsThatTheClockCannotCount() {
        for (Duration timeout : List.of(ChronoUnit.FOREVER.getDuration(), Duration.ofSeconds(Long.MAX_VALUE),
                Duration.ofNanos(Long.MAX_VALUE), Duration.ofNanos(Long.MAX_VALUE - 1),
                Duration.ofDays(365L * 1000))) {
            var queue = queue(timeout);
            assertThat(ask(queue, 1, 2).join().results()).containsExactly(1, 2);
            assertIdle(queue);
        }
    }

    @Test
    void measuresTheTimeoutFromTheCall() {
        Duration timeout = Duration.ofMillis(100);
        var queue = queue(timeout);
        var late = queue.submit(2, _ -> {
            sleep(2 * timeout.toMillis());
            return List.of(new Text(0, 1), new Text(1, 1));
        }, Function.identity());
        assertThat(catchThrowable(late::join)).cause().isInstanceOf(TimedOutException.class)
                .hasMessage("timeout: PT0.1S (expected: an answer; 2 of 2 texts were not computed)");
        AtomicInteger tokenized = new AtomicInteger();
        var cutShort = queue.submit(3, deadline -> {
            for (int i = 0; i < 3; i++) {
                deadline.run();
                tokenized.incrementAndGet();
                sleep(2 * timeout.toMillis());
            }
            return List.of();
        }, Function.identity());
        assertThat(catchThrowable(cutShort::join)).cause().isInstanceOf(TimedOutException.class);
        // None if the deadline has already passed at the first text, on a busy machine.
        assertThat(tokenized).hasValueLessThanOrEqualTo(1);
        assertThat(queue.state().freePermits()).isEqualTo(PERMITS);
        assertIdle(queue);
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void failsARequestWhoseAnswerCannotBeCreated() {
        var queue = queue(FakeEngine.quick());
        CompletableFuture<Integer> future = queue.submit(2,
                _ -> List.of(new Text(0, 1), new Text(1, 1)), answer -> {
                    throw new OutOfMemoryError("on purpose");
                });
        assertThat(catchThrowable(future::join)).hasCauseInstanceOf(OutOfMemoryError.class);
        assertThat(ask(queue, 4, 5).join().results()).containsExactly(4, 5);
        assertIdle(queue);
    }

    @Test
    void givesEachPermitBackOnceIfOneOfSeveralTextsFails() throws Exception {
        FakeEngine quick = FakeEngine.quick();
        BatchEngine<Text, Integer> engine = new BatchEngine<>() {
            @Override
            public int tokenCount(Text text) {
                if (text.number() < 0) {
                    throw new OutOfMemoryError("on purpose");
                }
                return 1;
            }

            @Override
            public java.util.function.IntFunction<Integer> compute(List<Text> texts) {
                return quick.compute(texts);
            }
        };
        var queue = queue(engine);
        for (int i = 0; i < 500; i++) {
            assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> ask(queue, 1, 2, -3, 4));
            assertThat(ask(queue, 5, 6).get(30, TimeUnit.SECONDS).results()).containsExactly(5, 6);
        }
        assertIdle(queue);
    }

    @Test
    void includesTokenizationInTheTimeout() {
        Duration timeout = Duration.ofSeconds(2);
        AtomicLong tokenized = new AtomicLong();
        FakeEngine engine = FakeEngine.held();
        var queue = new BatchQueue<>(engine,
                new QueueSettings(1, BUDGET, PERMITS, Optional.of(timeout), (_, _, _, _) -> {}));
        long start = System.nanoTime();
        var late = queue.submit(1, _ -> {
            sleep(1_900);
            tokenized.set(System.nanoTime());
            return List.of(new Text(0, 1));
        }, Function.identity());
        assertThat(catchThrowable(late::join)).cause().isInstanceOf(TimedOutException.class);
        long end = System.nanoTime();
        assertThat(Duration.ofNanos(end - start)).isGreaterThanOrEqualTo(timeout);
        assertThat(Duration.ofNanos(end - tokenized.get())).as("after tokenizing").isLessThan(timeout);
        engine.release(1);
        assertIdle(queue);
    }

    @Test
    void endsEachRequestAtItsOwnDeadlineInAnyOrderOfArrival() {
        Duration timeout = Duration.ofMillis(400);
        FakeEngine engine = FakeEngine.held();
        var queue = new BatchQueue<>(engine,
                new QueueSettings(1, BUDGET, PERMITS, Optional.of(timeout), (_, _, _, _) -> {}));
        List<CompletableFuture<QueueAnswer<Integer>>> futures = new ArrayList<>();
        for (int tokenizing : new int[]{0, 150, 0, 100}) {
            int number = futures.size();
            futures.add(queue.submit(1, _ -> {
                sleep(tokenizing);
                return List.of(new Text(number, 1));
            }, Function.identity()));
        }
        // Without a deadline of its own, a request would wait for the engine, which is released afterwards.
        futures.forEach(future -> assertThat(catchThrowable(future::join)).cause()
                .isInstanceOf(TimedOutException.class));
        engine.release(1);
        assertIdle(queue);
    }
}
