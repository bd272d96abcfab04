package dev.bgem3;

import static dev.bgem3.Embeddings.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.bgem3.error.CancelledException;
import java.io.IOException;
import java.lang.reflect.UndeclaredThrowableException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What becomes of a caller that is interrupted, or whose callbacks throw what the compiler does not allow.
 */
class CallerTest {
    private static final Path RERANKER = Fixtures.FOLDER.resolve("tiny-reranker");
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
