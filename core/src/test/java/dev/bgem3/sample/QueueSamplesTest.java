package dev.bgem3.sample;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.EncodeQueue;
import dev.bgem3.Fixtures;
import dev.bgem3.Output;
import dev.bgem3.QueueOptions;
import dev.bgem3.QueueResult;
import dev.bgem3.RerankOptions;
import dev.bgem3.RerankQueue;
import dev.bgem3.RerankScore;
import dev.bgem3.Reranker;
import dev.bgem3.TextPair;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Runs the documentation's samples in which many callers share a model. */
class QueueSamplesTest {
    @Test
    void sharesAModel() {
        try (BgeM3 model = BgeM3.load(Fixtures.TINY)) {
            // @start region="encode"
            QueueOptions options = QueueOptions.builder().permits(512).timeout(Duration.ofSeconds(30))
                    .build();
            try (EncodeQueue queue = EncodeQueue.of(model, options)) {
                // In each of many threads, virtual ones too:
                CompletableFuture<Embedding> one = queue.encodeQuery("What is BM25?",
                        EncodeOptions.defaults());
                CompletableFuture<QueueResult<Embedding>> several = queue.encodeCorpus(
                        List.of("BM25 ranks documents.", "BGE M3 embeds text."),
                        EncodeOptions.of(Output.SPARSE));
                System.out.println(one.join().dense() + " beside " + several.join().results());
            }
            // @end
            assertThat(model.info().outputs()).contains(Output.DENSE, Output.SPARSE);
            assertThat(options.toBuilder().build()).isEqualTo(options);
        }
    }

    @Test
    void sharesAReranker() {
        List<RerankScore> best;
        try (Reranker reranker = Reranker.load(Fixtures.RERANKER)) {
            // @start region="rerank"
            try (RerankQueue queue = RerankQueue.of(reranker)) {
                List<TextPair> pairs = List.of(new TextPair("What is BM25?", "BGE M3 embeds text."),
                        new TextPair("What is BM25?", "BM25 ranks documents."));
                CompletableFuture<QueueResult<RerankScore>> answer = queue.score(pairs,
                        RerankOptions.defaults());
                best = answer.join().results().stream().sorted(RerankScore.BEST_FIRST).toList();
            }
            // @end
        }
        assertThat(best).hasSize(2).isSortedAccordingTo(RerankScore.BEST_FIRST);
    }
}
