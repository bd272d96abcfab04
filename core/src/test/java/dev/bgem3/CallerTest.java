package dev.bgem3;

import static dev.bgem3.Embeddings.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.bgem3.convert.ModelConverter;
import dev.bgem3.convert.WeightType;
import dev.bgem3.convert.WriteListener;
import dev.bgem3.error.CancelledException;
import dev.bgem3.testsupport.DefaultKernels;
import java.io.IOException;
import java.lang.reflect.UndeclaredThrowableException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What becomes of a caller that is interrupted, or whose callbacks throw what the compiler does not allow.
 */
class CallerTest {
    private static final Path RERANKER = Fixtures.FOLDER.resolve("tiny-reranker");
    private static final int INTERRUPTS = 60;
    private static final List<String> TEXTS = List.of("one", "two words", "three of them");

    @AfterEach
    void nobodyIsInterruptedAnyMore() {
        Thread.interrupted();
    }

    @Test
    void loadingSaysThatTheThreadIsInterrupted() {
        for (Path folder : List.of(Fixtures.TINY, Fixtures.FOLDER.resolve("tiny-m3-safetensors"),
                Fixtures.FOLDER.resolve("tiny-m3-sharded"))) {
            Thread.currentThread().interrupt();
            assertThatExceptionOfType(CancelledException.class).isThrownBy(() -> BgeM3.load(folder))
                    .withMessage(folder + ": the thread that loads was interrupted");
            assertThat(Thread.interrupted()).isTrue();
            BgeM3.load(folder).close();
        }
        Thread.currentThread().interrupt();
        assertThatExceptionOfType(CancelledException.class).isThrownBy(() -> Reranker.load(RERANKER))
                .withMessage(RERANKER + ": the thread that loads was interrupted");
        assertThatExceptionOfType(CancelledException.class).isThrownBy(() -> Reranker.isReranker(RERANKER))
                .withMessage(RERANKER + ": the thread that loads was interrupted");
        assertThat(Thread.interrupted()).isTrue();
    }

    /** At any moment of the load: packed weights are sound, and not to be passed over for it. */
    @DefaultKernels
    @Test
    void loadingWithPackedWeightsSaysThatTheThreadIsInterrupted(@TempDir Path temporary) throws Exception {
        Path folder = temporary.resolve("model");
        ModelConverter.convert(Fixtures.TINY, folder, WeightType.FP32);
        PackedWeights.write(folder, Precision.FP32, WriteListener.NONE);
        List<String> logged = new CopyOnWriteArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord entry) {
                logged.add(new SimpleFormatter().formatMessage(entry));
            }

            @Override
            public void flush() {
                // Nothing is kept back.
            }

            @Override
            public void close() {
                // Nothing is held.
            }
        };
        Logger logger = Logger.getLogger("dev.bgem3.model");
        logger.setLevel(Level.ALL);
        logger.addHandler(handler);
        try {
            int cancelled = loadWithInterrupts(folder);
            assertThat(cancelled).as("loads that an interrupt ended").isPositive();
            assertThat(logged).as("what is said of packed weights").isNotEmpty()
                    .allMatch(message -> message.endsWith(".packed: used"));
        } finally {
            logger.removeHandler(handler);
            logger.setLevel(null);
        }
    }

    /** Loads, interrupted ever later, until twice as late as a load takes; how many loads that ended. */
    private static int loadWithInterrupts(Path folder) throws InterruptedException {
        BgeM3.load(folder).close(); // Once, so that the classes are there.
        long begin = System.nanoTime();
        BgeM3.load(folder).close();
        long loadNanos = System.nanoTime() - begin;
        Thread loading = Thread.currentThread();
        int cancelled = 0;
        for (int i = 0; i < INTERRUPTS; i++) {
            long delay = 2 * loadNanos * i / INTERRUPTS;
            Thread interrupting = Thread.ofPlatform().start(() -> {
                LockSupport.parkNanos(delay);
                loading.interrupt();
            });
            try (BgeM3 _ = BgeM3.load(folder)) {
                assertThat(folder).exists();
            } catch (CancelledException e) {
                assertThat(e).hasMessage(folder + ": the thread that loads was interrupted");
                cancelled++;
            } finally {
                while (interrupting.isAlive()) {
                    Thread.interrupted();
                    Thread.onSpinWait();
                }
                Thread.interrupted();
            }
        }
        return cancelled;
    }

    @Test
    void encodingAndScoringAnswerAnInterruptedThreadAndKeepTheInterrupt() {
        List<TextPair> pairs = List.of(new TextPair("a", "b"), new TextPair("a", "c d"));
        try (BgeM3 model = BgeM3.load(Fixtures.TINY);
                EncodeQueue queue = EncodeQueue.of(model);
                Reranker reranker = Reranker.load(RERANKER)) {
            List<Embedding> embeddings = model.encode(TEXTS);
            List<PairScores> scores = model.computeScore(pairs);
            float[] ranks = reranker.computeScore(pairs);
            Thread.currentThread().interrupt();
            assertSameBits("encode", model.encode(TEXTS), embeddings);
            assertSameBits("stream", model.encode(TEXTS.stream(), EncodeOptions.defaults()).toList(),
                    embeddings);
            assertThat(model.computeScore(pairs)).isEqualTo(scores);
            assertThat(reranker.computeScore(pairs)).isEqualTo(ranks);
            var queued = queue.encode(TEXTS, EncodeOptions.defaults());
            assertThat(Thread.interrupted()).isTrue();
            assertSameBits("queue", queued.join().results(), embeddings);
        }
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> void sneak(Throwable thrown) throws E {
        throw (E) thrown;
    }

    @ParameterizedTest
    @ValueSource(strings = {"progress", "cancelled"})
    void keepsTheCheckedExceptionOfACallbackAsTheCause(String callback) {
        IOException thrown = new IOException("on purpose");
        ProgressListener progress = (_, _) -> {
            if (callback.equals("progress")) {
                CallerTest.<RuntimeException>sneak(thrown);
            }
        };
        try (BgeM3 model = BgeM3.load(Fixtures.TINY); Reranker reranker = Reranker.load(RERANKER)) {
            EncodeOptions options = EncodeOptions.defaults();
            RunOptions run = RunOptions.builder().progress(progress).cancelled(() -> {
                if (callback.equals("cancelled")) {
                    CallerTest.<RuntimeException>sneak(thrown);
                }
                return false;
            }).build();
            List<Throwable> failures = List.of(catchThrowable(() -> model.encode(TEXTS, options, run)),
                    catchThrowable(() -> model.encode(TEXTS.stream(), options, run).toList()),
                    catchThrowable(() -> model.encodeTokenIds(List.of(new int[]{0, 5, 2}), options, run)),
                    catchThrowable(() -> reranker.score(Collections.nCopies(3, new TextPair("a", "b")),
                            RerankOptions.defaults(), run)));
            assertThat(failures).allSatisfy(failure -> assertThat(failure)
                    .isInstanceOf(UndeclaredThrowableException.class).hasCause(thrown));
            assertSameBits("afterwards", model.encode(TEXTS), model.encode(TEXTS));
        }
    }
}
