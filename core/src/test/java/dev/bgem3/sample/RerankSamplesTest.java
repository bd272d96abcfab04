package dev.bgem3.sample;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.Fixtures;
import dev.bgem3.RerankOptions;
import dev.bgem3.RerankScore;
import dev.bgem3.Reranker;
import dev.bgem3.TextPair;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Runs the documentation's samples with rerankers. */
class RerankSamplesTest {
    private static final String NAME = Fixtures.RERANKER.toString();
    private static final Path FOLDER = Fixtures.RERANKER;

    @Test
    void ranksPassages() {
        int first;
        // @start region="rerank"
        // @replace region regex="NAME" replacement='"BAAI/bge-reranker-v2-m3"'
        List<String> passages = List.of("BGE M3 embeds text.", "BM25 ranks documents.");
        try (Reranker reranker = Reranker.load(NAME)) {
            List<RerankScore> best = reranker.rerank("What is BM25?", passages);
            first = best.getFirst().index();
        }
        // @end
        // @end
        assertThat(first).isBetween(0, passages.size() - 1);
    }

    @Test
    void scoresPairs() {
        float[] scores;
        // @start region="score"
        // @replace region regex="FOLDER" replacement='Path.of("models/bge-reranker-v2-m3")'
        RerankOptions options = RerankOptions.builder().normalize(true).maxLength(512).build();
        try (Reranker reranker = Reranker.load(FOLDER)) {
            scores = reranker.computeScore(List.of(new TextPair("What is BM25?", "BM25 ranks documents.")),
                    options);
        }
        // @end
        // @end
        assertThat(scores).hasSize(1);
        assertThat(scores[0]).isBetween(0f, 1f);
    }

    @Test
    void recognisesRerankers() {
        // @start region="kind"
        // @replace region regex="FOLDER" replacement='Path.of("models/bge-reranker-v2-m3")'
        boolean reranker = Reranker.isReranker(FOLDER);
        // @end
        // @end
        assertThat(reranker).isTrue();
    }
}
