package dev.bgem3;

import static dev.bgem3.Embeddings.ALL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.bgem3.error.InputException;
import dev.bgem3.testsupport.TestSizes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClosedModelTest {
    private static final String MESSAGE = "the model is closed: " + Fixtures.TINY;

    @ParameterizedTest
    @ValueSource(strings = {"scalar", "vector"})
    void refusesEveryCallOnAClosedModelFromAnyThread(String kernels) throws InterruptedException {
        BgeM3 model = BgeM3.load(Fixtures.TINY,
                LoadOptions.builder().kernels(KernelKind.of(kernels)).threads(2).build());
        Embedding before = model.encode("text", ALL);
        Stream<Embedding> begun = model.encode(Stream.of("a", "b"), ALL);
        model.close();
        model.close();
        List<Runnable> calls = List.of(() -> model.encode("text"), () -> model.encode(List.of()),
                () -> model.encodeQueries("text"), () -> model.encodeCorpus(List.of("text")),
                () -> model.encodeTokenIds(List.of(new int[]{0, 2}), ALL),
                () -> model.encodeTokenIds(List.of(), ALL), () -> model.computeScore(new TextPair("a", "b")),
                () -> model.computeScore(List.of()), () -> model.encode(Stream.<String>of(), ALL).toList(),
                () -> model.encodeQueries(Stream.<String>of(), ALL).toList(), begun::toList);
        calls.forEach(ClosedModelTest::assertRefused);
        List<Throwable> elsewhere = new ArrayList<>();
        Thread other = new Thread(() -> assertRefused(() -> model.encode("text")));
        other.setUncaughtExceptionHandler((thread, thrown) -> elsewhere.add(thrown));
        other.start();
        other.join();
        assertThat(elsewhere).isEmpty();
        // Methods that need no weights still work.
        assertThat(model.info().hiddenSize()).isEqualTo(128);
        assertThat(model.tokenizer().encode("text").ids()).isNotEmpty();
        assertThat(model.convertIdToToken(before.lexicalWeights())).isNotEmpty();
    }

    @Test
    void checksOptionsBeforeItTokenizesOrWaitsForTheRunningBatch() throws Exception {
        try (ExecutorService pool = Executors.newSingleThreadExecutor();
                BgeM3 model = BgeM3.load(Fixtures.TINY,
                        LoadOptions.builder().kernels(KernelKind.SCALAR).threads(1).build())) {
            CountDownLatch begun = new CountDownLatch(1);
            RunOptions slow = RunOptions.builder().tokenBudget(1 << 20).cancelled(() -> {
                begun.countDown();
                return false;
            }).build();
            List<int[]> texts = Collections.nCopies(TestSizes.pick(8, 60),
                    IntStream.range(0, 512).map(i -> 100).toArray());
            Future<List<Embedding>> batch = pool
                    .submit(() -> model.encodeTokenIds(texts, EncodeOptions.defaults(), slow));
            begun.await();
            EncodeOptions impossible = EncodeOptions.builder().truncateDim(129).build();
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> model.encode(Collections.singletonList(null), impossible))
                    .withMessage("truncateDim: 129 (expected: 1..128)");
            assertThat(batch.isDone()).as("the batch ended first").isFalse();
            batch.get();
        }
    }

    private static void assertRefused(Runnable call) {
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(call::run).withMessage(MESSAGE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"scalar", "vector"})
    void givesRunningCallsTheirResultsOrThrowsThatItIsClosed(String kernels)
            throws InterruptedException, ExecutionException, TimeoutException {
        RunOptions run = RunOptions.builder().tokenBudget(16).build();
        List<String> texts = RandomTexts.seeded("close while encoding").texts(8, 10);
        int threads = 4;
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            for (int round = 0; round < TestSizes.pick(5, 15); round++) {
                BgeM3 model = BgeM3.load(Fixtures.TINY,
                        LoadOptions.builder().kernels(KernelKind.of(kernels)).threads(2).build());
                List<Embedding> expected = model.encode(texts, ALL, run);
                CountDownLatch running = new CountDownLatch(threads);
                Callable<Integer> encodeUntilClosed = () -> {
                    int calls = 0;
                    running.countDown();
                    try {
                        while (true) {
                            Embeddings.assertSameBits("call", model.encode(texts, ALL, run), expected);
                            calls++;
                        }
                    } catch (IllegalStateException e) {
                        assertThat(e).hasMessage(MESSAGE);
                        return calls;
                    }
                };
                List<Future<Integer>> futures = new ArrayList<>();
                for (int i = 0; i < threads; i++) {
                    futures.add(pool.submit(encodeUntilClosed));
                }
                running.await();
                Thread.sleep(round);
                model.close();
                for (Future<Integer> future : futures) {
                    assertThat(future.get(60, TimeUnit.SECONDS)).isNotNegative();
                }
            }
        }
    }

    @Test
    void closesFromSeveralThreadsAtOnce() throws InterruptedException {
        BgeM3 model = BgeM3.load(Fixtures.TINY);
        List<Throwable> thrown = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Thread thread = new Thread(model::close);
            thread.setUncaughtExceptionHandler((one, failure) -> thrown.add(failure));
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(thrown).isEmpty();
    }
}
