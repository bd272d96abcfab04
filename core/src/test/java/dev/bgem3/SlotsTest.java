package dev.bgem3;

import static dev.bgem3.Embeddings.ALL;
import static dev.bgem3.Embeddings.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.bgem3.error.CancelledException;
import dev.bgem3.error.DeviceLostException;
import dev.bgem3.error.OutOfDeviceMemoryException;
import dev.bgem3.testsupport.DefaultKernels;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests batches on several fake devices, and several at a time on one device. */
@DefaultKernels
class SlotsTest {
    private static final int SECONDS = 30;
    private static final String CLOSED = "the model is closed: " + Fixtures.TINY;

    private final List<FakeDevices> devices = new ArrayList<>();

    private BgeM3 load(FakeDevices provider) {
        devices.add(provider);
        return BgeM3.load(Fixtures.TINY, LoadOptions.builder().device("cuda:all").build(), List.of(provider));
    }

    @AfterEach
    void everyDeviceIsClosed() {
        assertThat(devices).allMatch(provider -> provider.open().get() == 0);
    }

    /** Returns texts of 3, 4, 5 … tokens in random order. */
    private static List<int[]> texts(int count) {
        List<int[]> texts = new ArrayList<>(IntStream.range(0, count)
                .mapToObj(i -> IntStream.range(0, 3 + i).map(t -> (i * 31 + t * 7) % 1500).toArray())
                .toList());
        Collections.shuffle(texts, new java.util.Random(count));
        return texts;
    }

    private static List<Embedding> expected(List<int[]> texts) {
        try (BgeM3 plain = BgeM3.load(Fixtures.TINY,
                LoadOptions.builder().kernels(KernelKind.SCALAR).build())) {
            return plain.encodeTokenIds(texts, ALL);
        }
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await(SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new AssertionError("no other pass arrived", e);
        }
    }

    private static RunOptions budget(int tokens) {
        return RunOptions.builder().tokenBudget(tokens).build();
    }

    @ParameterizedTest
    @CsvSource({"2, 1", "1, 2", "2, 2", "3, 1"})
    void runsPassesOfOneCallOnAllSlotsAtATime(int deviceCount, int passes) {
        int slots = deviceCount * passes;
        CyclicBarrier all = new CyclicBarrier(slots);
        AtomicInteger begun = new AtomicInteger();
        Set<Integer> used = ConcurrentHashMap.newKeySet();
        List<int[]> texts = texts(20);
        try (BgeM3 model = load(FakeDevices.of(deviceCount, passes, 4096, (device, _) -> {
            used.add(device);
            if (begun.getAndIncrement() < slots) {
                await(all); // Ends only if all slots run a pass.
            }
        }))) {
            assertSameBits("slots", model.encodeTokenIds(texts, ALL, budget(16)), expected(texts));
            assertThat(used).hasSize(deviceCount);
            assertThat(model.info().devices())
                    .isEqualTo(IntStream.range(0, deviceCount).mapToObj(Device::cuda).toList());
            assertThat(model.info().precision()).isEqualTo(Precision.FP16);
        }
    }

    @Test
    void sharesTheSlotsAmongThreads() throws Exception {
        CyclicBarrier both = new CyclicBarrier(2);
        AtomicInteger begun = new AtomicInteger();
        try (BgeM3 model = load(FakeDevices.of(2, 1, 4096, (_, _) -> {
            if (begun.getAndIncrement() < 2) {
                await(both);
            }
        })); ExecutorService pool = Executors.newFixedThreadPool(4)) {
            List<Future<Embedding>> calls = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                String text = "text " + i;
                calls.add(pool.submit(() -> model.encode(text)));
            }
            for (int i = 0; i < 40; i++) {
                assertThat(calls.get(i).get(SECONDS, TimeUnit.SECONDS).dense())
                        .isEqualTo(model.encode("text " + i).dense());
            }
        }
    }

    @Test
    void usesOnlyTheCallersThreadForOneSlot() {
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        try (BgeM3 model = load(
                FakeDevices.of(1, 1, 4096, (_, _) -> threads.add(Thread.currentThread())))) {
            model.encodeTokenIds(texts(20), ALL, budget(16));
        }
        assertThat(threads).containsExactly(Thread.currentThread());
    }

    @Test
    void usesTheKernelsTokenBudgetUnlessOneIsSet() {
        Set<Integer> tokens = ConcurrentHashMap.newKeySet();
        try (BgeM3 model = load(FakeDevices.of(1, 1, 50, (_, count) -> tokens.add(count)))) {
            model.encodeTokenIds(texts(40), ALL);
            assertThat(tokens).allMatch(count -> count <= 50).anyMatch(count -> count > 42);
            tokens.clear();
            model.encodeTokenIds(texts(40), ALL, budget(90));
            assertThat(tokens).anyMatch(count -> count > 50);
        }
    }

    @Test
    void reportsProgressInTheCallersThreadAndChecksCancellationInOneThreadAtATime() {
        Thread caller = Thread.currentThread();
        int[] reported = new int[1];
        AtomicBoolean checking = new AtomicBoolean();
        RunOptions run = RunOptions.builder().tokenBudget(16).progress((texts, _) -> {
            assertThat(Thread.currentThread()).isSameAs(caller);
            reported[0] += texts;
        }).cancelled(() -> {
            assertThat(checking.getAndSet(true)).isFalse();
            Thread.yield();
            checking.set(false);
            return false;
        }).build();
        try (BgeM3 model = load(FakeDevices.of(2, 2, 4096, (_, _) -> {}))) {
            model.encodeTokenIds(texts(40), EncodeOptions.defaults(), run);
        }
        assertThat(reported[0]).isEqualTo(40);
    }

    @Test
    void endsACancelledCallOnAllSlots() {
        AtomicInteger checks = new AtomicInteger();
        AtomicInteger passes = new AtomicInteger();
        RunOptions run = RunOptions.builder().tokenBudget(1)
                .cancelled(() -> checks.incrementAndGet() == 5).build();
        try (BgeM3 model = load(FakeDevices.of(3, 1, 4096, (_, _) -> passes.incrementAndGet()))) {
            assertThatExceptionOfType(CancelledException.class)
                    .isThrownBy(() -> model.encodeTokenIds(texts(60), EncodeOptions.defaults(), run));
            assertThat(passes.get()).isBetween(4, 8);
            assertThat(model.encode("after").dense().dimension()).isEqualTo(128);
        }
    }

    @Test
    void stopsAllSlotsIfOneFails() {
        AtomicInteger passes = new AtomicInteger();
        CyclicBarrier both = new CyclicBarrier(2);
        FakeDevices provider = FakeDevices.of(2, 1, 4096, (device, _) -> {
            int pass = passes.incrementAndGet();
            if (pass <= 2) {
                await(both);
                throw new UnsupportedOperationException("device " + device);
            }
        });
        try (BgeM3 model = load(provider)) {
            Throwable thrown = catchThrowable(() -> model.encodeTokenIds(texts(60), ALL, budget(1)));
            assertThat(thrown).isInstanceOf(UnsupportedOperationException.class);
            assertThat(thrown.getSuppressed()).hasSize(1);
            Set<String> messages = new HashSet<>(Set.of(thrown.getMessage()));
            messages.add(thrown.getSuppressed()[0].getMessage());
            assertThat(messages).containsExactlyInAnyOrder("device 0", "device 1");
            assertThat(passes).hasValue(2);
            assertThat(model.encode("after").dense().dimension()).isEqualTo(128);
        }
    }

    @Test
    void rethrowsAListenersExceptionOnceTheOtherPassesHaveEnded() {
        AtomicInteger running = new AtomicInteger();
        RunOptions run = RunOptions.builder().tokenBudget(1).progress((_, _) -> {
            throw new UnsupportedOperationException("from the listener");
        }).build();
        try (BgeM3 model = load(FakeDevices.of(2, 1, 4096, (_, _) -> {
            running.incrementAndGet();
            Thread.yield();
            running.decrementAndGet();
        }))) {
            assertThatExceptionOfType(UnsupportedOperationException.class)
                    .isThrownBy(() -> model.encodeTokenIds(texts(60), EncodeOptions.defaults(), run))
                    .withMessage("from the listener");
            assertThat(running).hasValue(0);
        }
    }

    private static FakeDevices.PassHook atMost(int tokens) {
        return (device, count) -> {
            if (count > tokens) {
                throw new OutOfDeviceMemoryException("cuda:" + device + ": no room for " + count);
            }
        };
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2"})
    void halvesBatchesWithTooLittleMemoryAndKeepsTheOrder(int deviceCount, int passes) {
        List<int[]> texts = texts(20);
        int[] reported = new int[2];
        RunOptions run = RunOptions.builder().tokenBudget(100)
                .progress((count, tokens) -> {
                    reported[0] += count;
                    reported[1] += (int) tokens;
                }).build();
        try (BgeM3 model = load(FakeDevices.of(deviceCount, passes, 4096, atMost(25)))) {
            assertSameBits("halved", model.encodeTokenIds(texts, ALL, run), expected(texts));
        }
        assertThat(reported).containsExactly(20, texts.stream().mapToInt(text -> text.length).sum());
    }

    @Test
    void namesTheTextWithTooLittleMemory() {
        List<int[]> texts = List.of(new int[5], new int[7], new int[26], new int[3]);
        try (BgeM3 model = load(FakeDevices.of(1, 1, 4096, atMost(25)))) {
            assertThatExceptionOfType(OutOfDeviceMemoryException.class)
                    .isThrownBy(() -> model.encodeTokenIds(texts, ALL))
                    .withMessage("text 2: 26 tokens: cuda:0: no room for 26")
                    .havingCause().isInstanceOf(OutOfDeviceMemoryException.class)
                    .withMessage("cuda:0: no room for 26");
            assertThat(model.encodeTokenIds(List.of(new int[25]), ALL)).hasSize(1);
        }
    }

    @Test
    void continuesOnTheOtherDevicesIfOneIsLost() {
        List<Integer> used = Collections.synchronizedList(new ArrayList<>());
        List<int[]> texts = texts(20);
        try (BgeM3 model = load(FakeDevices.of(3, 2, 4096, (device, _) -> {
            used.add(device);
            if (device == 1) {
                throw new DeviceLostException("cuda:1: fell off the bus");
            }
        }))) {
            assertSameBits("one lost", model.encodeTokenIds(texts, ALL, budget(16)), expected(texts));
            used.clear();
            assertSameBits("after", model.encodeTokenIds(texts, ALL, budget(16)), expected(texts));
            assertThat(used).doesNotContain(1);
        }
    }

    @Test
    void failsAtOnceIfTheLastDeviceIsLost() throws Exception {
        AtomicInteger passes = new AtomicInteger();
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch lose = new CountDownLatch(1);
        try (BgeM3 model = load(FakeDevices.of(2, 1, 4096, (device, _) -> {
            passes.incrementAndGet();
            if (device == 1) {
                running.countDown();
                awaitLatch(lose);
            }
            throw new DeviceLostException("cuda:" + device + ": fell off the bus");
        })); ExecutorService pool = Executors.newFixedThreadPool(4)) {
            List<Future<Embedding>> calls = new ArrayList<>();
            // This call loses the first device and continues on the other …
            calls.add(pool.submit(() -> model.encode("text")));
            awaitLatch(running);
            for (int i = 0; i < 3; i++) { // … for which these wait.
                calls.add(pool.submit(() -> model.encode("text")));
            }
            lose.countDown();
            for (Future<Embedding> call : calls) {
                assertThat(catchThrowable(() -> call.get(SECONDS, TimeUnit.SECONDS)).getCause())
                        .isInstanceOf(DeviceLostException.class)
                        .hasMessage("cuda:1: fell off the bus");
            }
            assertThat(passes).hasValue(2);
            assertThatExceptionOfType(DeviceLostException.class)
                    .isThrownBy(() -> model.encode(Collections.singletonList(null), ALL))
                    .withMessage("cuda:1: fell off the bus").havingCause()
                    .isInstanceOf(DeviceLostException.class);
            assertThat(passes).hasValue(2);
        }
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            assertThat(latch.await(SECONDS, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void closesOnlyAfterTheRunningPassesHaveEnded() throws Exception {
        AtomicInteger running = new AtomicInteger();
        AtomicBoolean closedWhileRunning = new AtomicBoolean();
        List<int[]> texts = texts(12);
        for (int round = 0; round < 10; round++) {
            List<FakeDevices> self = new ArrayList<>();
            FakeDevices provider = FakeDevices.of(2, 2, 4096, (_, _) -> {
                running.incrementAndGet();
                sleep();
                closedWhileRunning.compareAndSet(false, self.getFirst().open().get() != 2);
                running.decrementAndGet();
            });
            self.add(provider);
            BgeM3 model = load(provider);
            CountDownLatch begun = new CountDownLatch(3);
            Callable<Throwable> untilClosed = () -> {
                begun.countDown();
                return catchThrowable(() -> {
                    while (true) {
                        model.encodeTokenIds(texts, ALL, budget(8));
                    }
                });
            };
            try (ExecutorService pool = Executors.newFixedThreadPool(3)) {
                List<Future<Throwable>> calls = List.of(pool.submit(untilClosed), pool.submit(untilClosed),
                        pool.submit(untilClosed));
                awaitLatch(begun);
                Thread.sleep(round);
                model.close();
                assertThat(running).hasValue(0);
                for (Future<Throwable> call : calls) {
                    assertThat(call.get(SECONDS, TimeUnit.SECONDS)).isInstanceOf(IllegalStateException.class)
                            .hasMessage(CLOSED);
                }
            }
        }
        assertThat(closedWhileRunning).isFalse();
    }

    private static void sleep() {
        try {
            Thread.sleep(1);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
