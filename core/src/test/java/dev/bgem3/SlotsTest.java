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

/** Batches on several devices, and several at a time on one; the devices are pretended. */
@DefaultKernels
class SlotsTest {
    private static final int SECONDS = 30;
    private static final String CLOSED = "the model is closed: " + Fixtures.TINY;

    private final List<PretendedDevices> devices = new ArrayList<>();

    private BgeM3 load(PretendedDevices provider) {
        devices.add(provider);
        return BgeM3.load(Fixtures.TINY, LoadOptions.builder().device("cuda:all").build(), List.of(provider));
    }

    @AfterEach
    void everyDeviceIsClosed() {
        assertThat(devices).allMatch(provider -> provider.open().get() == 0);
    }

    /** Texts of 3, 4, 5 … tokens, in an order that is none. */
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
            throw new AssertionError("no other pass came", e);
        }
    }

    private static RunOptions budget(int tokens) {
        return RunOptions.builder().tokenBudget(tokens).build();
    }

    @ParameterizedTest
    @CsvSource({"2, 1", "1, 2", "2, 2", "3, 1"})
    void passesOfOneCallAreAtWorkAtATimeOnAllSlots(int deviceCount, int passes) {
        int slots = deviceCount * passes;
        CyclicBarrier all = new CyclicBarrier(slots);
        AtomicInteger begun = new AtomicInteger();
        Set<Integer> used = ConcurrentHashMap.newKeySet();
        List<int[]> texts = texts(20);
        try (BgeM3 model = load(PretendedDevices.of(deviceCount, passes, 4096, (device, _) -> {
            used.add(device);
            if (begun.getAndIncrement() < slots) {
                await(all); // Ends only if as many passes are at work as there are slots.
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
    void callsOfSeveralThreadsShareTheSlots() throws Exception {
        CyclicBarrier both = new CyclicBarrier(2);
        AtomicInteger begun = new AtomicInteger();
        try (BgeM3 model = load(PretendedDevices.of(2, 1, 4096, (_, _) -> {
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
    void oneSlotWorksInTheCallersThreadAlone() {
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        try (BgeM3 model = load(
                PretendedDevices.of(1, 1, 4096, (_, _) -> threads.add(Thread.currentThread())))) {
            model.encodeTokenIds(texts(20), ALL, budget(16));
        }
        assertThat(threads).containsExactly(Thread.currentThread());
    }

    @Test
    void takesTheKernelsTokenBudgetUnlessOneIsSet() {
        Set<Integer> tokens = ConcurrentHashMap.newKeySet();
        try (BgeM3 model = load(PretendedDevices.of(1, 1, 50, (_, count) -> tokens.add(count)))) {
            model.encodeTokenIds(texts(40), ALL);
            assertThat(tokens).allMatch(count -> count <= 50).anyMatch(count -> count > 42);
            tokens.clear();
            model.encodeTokenIds(texts(40), ALL, budget(90));
            assertThat(tokens).anyMatch(count -> count > 50);
        }
    }

    @Test
    void tellsOfProgressInTheCallersThreadAndAsksOneAtATimeWhetherItIsCancelled() {
        Thread caller = Thread.currentThread();
        int[] told = new int[1];
        AtomicBoolean asking = new AtomicBoolean();
        RunOptions run = RunOptions.builder().tokenBudget(16).progress((texts, _) -> {
            assertThat(Thread.currentThread()).isSameAs(caller);
            told[0] += texts;
        }).cancelled(() -> {
            assertThat(asking.getAndSet(true)).isFalse();
            Thread.yield();
            asking.set(false);
            return false;
        }).build();
        try (BgeM3 model = load(PretendedDevices.of(2, 2, 4096, (_, _) -> {}))) {
            model.encodeTokenIds(texts(40), EncodeOptions.defaults(), run);
        }
        assertThat(told[0]).isEqualTo(40);
    }

    @Test
    void endsACancelledCallOnAllSlots() {
        AtomicInteger asked = new AtomicInteger();
        AtomicInteger passes = new AtomicInteger();
        RunOptions run = RunOptions.builder().tokenBudget(1)
                .cancelled(() -> asked.incrementAndGet() == 5).build();
        try (BgeM3 model = load(PretendedDevices.of(3, 1, 4096, (_, _) -> passes.incrementAndGet()))) {
            assertThatExceptionOfType(CancelledException.class)
                    .isThrownBy(() -> model.encodeTokenIds(texts(60), EncodeOptions.defaults(), run));
            assertThat(passes.get()).isBetween(4, 8);
            assertThat(model.encode("after").dense().dimension()).isEqualTo(128);
        }
    }

    @Test
    void aFailureOfOneSlotStopsAll() {
        AtomicInteger passes = new AtomicInteger();
        CyclicBarrier both = new CyclicBarrier(2);
        PretendedDevices provider = PretendedDevices.of(2, 1, 4096, (device, _) -> {
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
    void passesOnWhatAListenerThrowsOnceTheOthersHaveEnded() {
        AtomicInteger atWork = new AtomicInteger();
        RunOptions run = RunOptions.builder().tokenBudget(1).progress((_, _) -> {
            throw new UnsupportedOperationException("from the listener");
        }).build();
        try (BgeM3 model = load(PretendedDevices.of(2, 1, 4096, (_, _) -> {
            atWork.incrementAndGet();
            Thread.yield();
            atWork.decrementAndGet();
        }))) {
            assertThatExceptionOfType(UnsupportedOperationException.class)
                    .isThrownBy(() -> model.encodeTokenIds(texts(60), EncodeOptions.defaults(), run))
                    .withMessage("from the listener");
            assertThat(atWork).hasValue(0);
        }
    }

    private static PretendedDevices.PassHook atMost(int tokens) {
        return (device, count) -> {
            if (count > tokens) {
                throw new OutOfDeviceMemoryException("cuda:" + device + ": no room for " + count);
            }
        };
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2"})
    void halvesBatchesThatRunOutOfMemoryAndKeepsTheOrder(int deviceCount, int passes) {
        List<int[]> texts = texts(20);
        int[] told = new int[2];
        RunOptions run = RunOptions.builder().tokenBudget(100)
                .progress((count, tokens) -> {
                    told[0] += count;
                    told[1] += (int) tokens;
                }).build();
        try (BgeM3 model = load(PretendedDevices.of(deviceCount, passes, 4096, atMost(25)))) {
            assertSameBits("halved", model.encodeTokenIds(texts, ALL, run), expected(texts));
        }
        assertThat(told).containsExactly(20, texts.stream().mapToInt(text -> text.length).sum());
    }

    @Test
    void namesTheTextForWhichMemoryDoesNotSuffice() {
        List<int[]> texts = List.of(new int[5], new int[7], new int[26], new int[3]);
        try (BgeM3 model = load(PretendedDevices.of(1, 1, 4096, atMost(25)))) {
            assertThatExceptionOfType(OutOfDeviceMemoryException.class)
                    .isThrownBy(() -> model.encodeTokenIds(texts, ALL))
                    .withMessage("text 2: 26 tokens: cuda:0: no room for 26")
                    .havingCause().isInstanceOf(OutOfDeviceMemoryException.class)
                    .withMessage("cuda:0: no room for 26");
            assertThat(model.encodeTokenIds(List.of(new int[25]), ALL)).hasSize(1);
        }
    }

    @Test
    void goesOnWithTheOtherDevicesWhereOneIsLost() {
        List<Integer> used = Collections.synchronizedList(new ArrayList<>());
        List<int[]> texts = texts(20);
        try (BgeM3 model = load(PretendedDevices.of(3, 2, 4096, (device, _) -> {
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
    void failsAtOnceWhenTheLastDeviceIsLost() throws Exception {
        AtomicInteger passes = new AtomicInteger();
        CountDownLatch atWork = new CountDownLatch(1);
        CountDownLatch lose = new CountDownLatch(1);
        try (BgeM3 model = load(PretendedDevices.of(2, 1, 4096, (device, _) -> {
            passes.incrementAndGet();
            if (device == 1) {
                atWork.countDown();
                awaitLatch(lose);
            }
            throw new DeviceLostException("cuda:" + device + ": fell off the bus");
        })); ExecutorService pool = Executors.newFixedThreadPool(4)) {
            List<Future<Embedding>> calls = new ArrayList<>();
            // Loses the first device, goes on to the other …
            calls.add(pool.submit(() -> model.encode("text")));
            awaitLatch(atWork);
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
    void closesOnlyWhenThePassesUnderWayHaveEnded() throws Exception {
        AtomicInteger atWork = new AtomicInteger();
        AtomicBoolean closedAmidWork = new AtomicBoolean();
        List<int[]> texts = texts(12);
        for (int round = 0; round < 10; round++) {
            List<PretendedDevices> self = new ArrayList<>();
            PretendedDevices provider = PretendedDevices.of(2, 2, 4096, (_, _) -> {
                atWork.incrementAndGet();
                sleep();
                closedAmidWork.compareAndSet(false, self.getFirst().open().get() != 2);
                atWork.decrementAndGet();
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
                assertThat(atWork).hasValue(0);
                for (Future<Throwable> call : calls) {
                    assertThat(call.get(SECONDS, TimeUnit.SECONDS)).isInstanceOf(IllegalStateException.class)
                            .hasMessage(CLOSED);
                }
            }
        }
        assertThat(closedAmidWork).isFalse();
    }

    private static void sleep() {
        try {
            Thread.sleep(1);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
