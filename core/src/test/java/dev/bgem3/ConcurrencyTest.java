package dev.bgem3;

import static dev.bgem3.Embeddings.ALL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.bgem3.error.CancelledException;
import dev.bgem3.testsupport.TestSizes;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests that many threads with different calls to one model each get the results that they would get alone.
 */
class ConcurrencyTest {
    private static final int THREADS = 8;
    private static final int CALLS = TestSizes.pick(4, 12);

    @ParameterizedTest
    @ValueSource(strings = {"scalar", "vector"})
    void givesEachThreadTheSameBitsAsASequentialRun(String kernels)
            throws InterruptedException, ExecutionException, TimeoutException {
        RandomTexts source = RandomTexts.seeded("concurrency, " + kernels);
        List<String> texts = source.texts(12, 12);
        List<TextPair> pairs = List.of(new TextPair(texts.get(0), texts.get(1)),
                new TextPair(texts.get(2), texts.get(3)));
        RunOptions small = RunOptions.builder().tokenBudget(8).build();
        long seed = source.random().nextLong();
        LoadOptions options = LoadOptions.builder().kernels(KernelKind.of(kernels)).threads(2).build();
        try (BgeM3 model = BgeM3.load(Fixtures.TINY, options);
                ExecutorService pool = Executors.newFixedThreadPool(THREADS)) {
            List<Embedding> embeddings = model.encode(texts, ALL);
            List<PairScores> scores = model.computeScore(pairs);
            CountDownLatch start = new CountDownLatch(1);
            List<Future<?>> futures = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                Random random = new Random(seed + thread);
                futures.add(pool.submit(() -> {
                    start.await();
                    for (int call = 0; call < CALLS; call++) {
                        int text = random.nextInt(texts.size());
                        switch (random.nextInt(6)) {
                            case 0 -> Embeddings.assertSameBits("list", model.encode(texts, ALL), embeddings);
                            case 1 -> Embeddings.assertSameBits("stream",
                                    model.encode(texts.stream(), ALL, small).toList(), embeddings);
                            case 2 -> Embeddings.assertSameBits("one", model.encode(texts.get(text), ALL),
                                    embeddings.get(text));
                            case 3 -> assertThat(model.computeScore(pairs)).isEqualTo(scores);
                            case 4 -> assertCancelled(model, texts, small);
                            default -> assertThat(model.encodeCorpus(texts.get(text)).dense())
                                    .isEqualTo(embeddings.get(text).dense());
                        }
                    }
                    return null;
                }));
            }
            start.countDown();
            for (Future<?> future : futures) {
                future.get(60, TimeUnit.SECONDS);
            }
        }
    }

    private static void assertCancelled(BgeM3 model, List<String> texts, RunOptions like) {
        AtomicBoolean begun = new AtomicBoolean();
        RunOptions run = like.toBuilder()
                .progress((count, tokens) -> begun.set(true)).cancelled(begun::get).build();
        assertThatExceptionOfType(CancelledException.class)
                .isThrownBy(() -> model.encode(texts, ALL, run));
    }
}
