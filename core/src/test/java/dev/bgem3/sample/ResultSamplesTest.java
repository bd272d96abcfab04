package dev.bgem3.sample;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.ColbertVectors;
import dev.bgem3.DenseVector;
import dev.bgem3.Embedding;
import dev.bgem3.LexicalWeights;
import dev.bgem3.PairScores;
import dev.bgem3.ScoreWeights;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;

/** Runs the documentation's samples that store and read outputs. */
class ResultSamplesTest {
    @Test
    void storesDenseVectors() {
        // @start region="dense"
        DenseVector vector = new DenseVector(new float[]{0.6f, 0.8f});
        byte[] stored = vector.toBytes();
        DenseVector back = DenseVector.fromBytes(stored);
        float cosine = vector.dot(back);
        // @end
        assertThat(back).isEqualTo(vector);
        assertThat(cosine).isEqualTo(1);
    }

    @Test
    void storesLexicalWeights() {
        // @start region="lexical"
        SequencedMap<Integer, Float> byTokenId = new LinkedHashMap<>();
        byTokenId.put(73342, 0.25f);
        byTokenId.put(1901, 0.5f);
        LexicalWeights weights = LexicalWeights.of(byTokenId);
        byte[] stored = weights.toBytes();
        LexicalWeights back = LexicalWeights.fromBytes(stored);
        float score = weights.dot(back);
        // @end
        assertThat(back.asMap()).isEqualTo(byTokenId);
        assertThat(score).isEqualTo(0.3125f);
    }

    @Test
    void storesColbertVectors() {
        // @start region="colbert"
        ColbertVectors query = ColbertVectors.of(new float[][]{{1, 0}, {0, 1}});
        byte[] stored = query.toBytes();
        ColbertVectors back = ColbertVectors.fromBytes(stored);
        float score = query.score(back);
        // @end
        assertThat(back).isEqualTo(query);
        assertThat(score).isEqualTo(1);
    }

    @Test
    void scoresStoredOutputs() {
        DenseVector dense = new DenseVector(new float[]{0.6f, 0.8f});
        LexicalWeights lexicalWeights = LexicalWeights.of(Map.of(1901, 0.5f));
        ColbertVectors colbert = ColbertVectors.of(new float[][]{{1, 0}, {0, 1}});
        // @start region="embedding"
        Embedding query = Embedding.of(dense, lexicalWeights, colbert);
        Embedding passage = Embedding.builder()
                .dense(dense)
                .lexicalWeights(lexicalWeights)
                .colbert(colbert)
                .tokenCounts(3, 3)
                .build();
        PairScores scores = query.score(passage, new ScoreWeights(0.4, 0.2, 0.4));
        // @end
        assertThat(scores.sparse()).isEqualTo(0.25f);
    }
}
