package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;

/** Tests vectors and weights on their own, with numbers computed by hand. */
class ResultTypesTest {
    @Test
    void multipliesDenseVectorsOfTheSameDimension() {
        DenseVector first = new DenseVector(new float[]{1, 2, 3, 4, 5});
        assertThat(first.dot(new DenseVector(new float[]{1, -1, 0.5f, 0.25f, 2}))).isEqualTo(11.5f);
        assertThat(first).isEqualTo(new DenseVector(new float[]{1, 2, 3, 4, 5})).hasSameHashCodeAs(
                new DenseVector(new float[]{1, 2, 3, 4, 5}));
        assertThat(first.toString()).isEqualTo("DenseVector[5 dimensions: 1.0, 2.0, 3.0, …]");
        assertThatIllegalArgumentException().isThrownBy(() -> first.dot(new DenseVector(new float[3])))
                .withMessage("dimension: 3 (expected: 5)");
    }

    @Test
    void averagesTheBestMatchOfEachQueryRow() {
        ColbertVectors query = new ColbertVectors(new float[]{1, 0, 0, 1}, 2, 2);
        ColbertVectors passage = new ColbertVectors(new float[]{0.5f, -1, 0.25f, -2, -3, -4}, 3, 2);
        assertThat(query.score(passage)).isEqualTo((0.5f - 1) / 2);
        assertThat(passage.score(query)).isEqualTo((0.5f + 0.25f - 3) / 3);
        assertThat(passage.row(1)).containsExactly(0.25f, -2);
    }

    @Test
    void refusesColbertVectorsOfTheWrongSize() {
        ColbertVectors two = new ColbertVectors(new float[4], 2, 2);
        assertThatIllegalArgumentException().isThrownBy(() -> new ColbertVectors(new float[5], 2, 2))
                .withMessage("values: 5 numbers (expected: 2 × 2)");
        assertThatIllegalArgumentException().isThrownBy(() -> new ColbertVectors(new float[0], -1, 0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> two.score(new ColbertVectors(new float[3], 1, 3)))
                .withMessage("dimension: 3 (expected: 2)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> two.score(new ColbertVectors(new float[0], 0, 2)))
                .withMessage("rows: 2 and 0 (expected: at least 1 on both sides)");
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> two.row(2));
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> two.row(-1));
    }

    @Test
    void gathersWeightsAsTheReferenceDoes() {
        int[] ids = {0, 9, 7, 9, 3, 5, 7, 2};
        float[] tokenWeights = {8, 0.5f, 0, 2, 4, -1, 0.25f, 8};
        LexicalWeights weights = LexicalWeights.gather(ids, tokenWeights, new int[]{0, 1, 2, 3});
        assertThat(weights.asMap()).isEqualTo(Map.of(9, 2f, 7, 0.25f));
        assertThat(weights.tokenIds()).containsExactly(7, 9);
        assertThat(weights.weights()).containsExactly(0.25f, 2);
        assertThat(List.copyOf(weights.asMap().keySet())).containsExactly(9, 7);
        assertThat(weights.weight(5)).isZero();
        assertThat(weights.toString()).isEqualTo("LexicalWeights{9=2.0, 7=0.25}");
    }

    @Test
    void refusesInvalidLexicalWeights() {
        for (float weight : new float[]{0, -1, Float.NaN, Float.POSITIVE_INFINITY}) {
            assertThatIllegalArgumentException().isThrownBy(() -> LexicalWeights.of(Map.of(7, weight)))
                    .withMessage("weight of token id 7: " + weight + " (expected: a finite number above 0)");
        }
        assertThatIllegalArgumentException().isThrownBy(() -> LexicalWeights.of(Map.of(-1, 1f)))
                .withMessage("token id: -1 (expected: at least 0)");
    }

    @Test
    void createsLexicalWeightsInTheOrderOfAMap() {
        Map<Integer, Float> map = new LinkedHashMap<>();
        map.put(30, 1f);
        map.put(10, 2f);
        map.put(20, 3f);
        LexicalWeights weights = LexicalWeights.of(map);
        assertThat(List.copyOf(weights.asMap().entrySet())).isEqualTo(List.copyOf(map.entrySet()));
        assertThat(weights.dot(LexicalWeights.of(Map.of(10, 0.5f, 30, 4f, 40, 9f)))).isEqualTo(5);
        assertThat(weights.dot(LexicalWeights.of(Map.of()))).isZero();
        assertThat(weights).isEqualTo(LexicalWeights.of(Map.of(10, 2f, 20, 3f, 30, 1f)));
    }

    @Test
    void writesAndReadsBytes() {
        DenseVector dense = new DenseVector(new float[]{1, -2.5f, Float.MIN_VALUE});
        assertThat(dense.toBytes()).hasSize(12).startsWith(0, 0, 0x80, 0x3f);
        assertThat(DenseVector.fromBytes(dense.toBytes())).isEqualTo(dense);
        ColbertVectors colbert = ColbertVectors.of(new float[][]{{1, 2, 3}, {4, 5, 6}});
        assertThat(colbert.toBytes()).hasSize(32).startsWith(2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0x80, 0x3f);
        assertThat(ColbertVectors.fromBytes(colbert.toBytes())).isEqualTo(colbert);
        SequencedMap<Integer, Float> weights = new LinkedHashMap<>();
        weights.put(70_000, 0.5f);
        weights.put(3, 1f);
        LexicalWeights lexical = LexicalWeights.of(weights);
        assertThat(lexical.toBytes()).hasSize(20).startsWith(2, 0, 0, 0, 0x70, 0x11, 1, 0, 3, 0, 0, 0);
        LexicalWeights back = LexicalWeights.fromBytes(lexical.toBytes());
        assertThat(back).isEqualTo(lexical);
        assertThat(back.asMap().sequencedKeySet()).containsExactly(70_000, 3);
        assertThat(LexicalWeights.fromBytes(LexicalWeights.of(Map.of()).toBytes()).size()).isZero();
    }

    @Test
    void refusesInvalidBytes() {
        assertThatIllegalArgumentException().isThrownBy(() -> DenseVector.fromBytes(new byte[5]))
                .withMessage("bytes: 5 (expected: a multiple of 4)");
        assertThatIllegalArgumentException().isThrownBy(() -> ColbertVectors.fromBytes(new byte[4]));
        assertThatIllegalArgumentException().isThrownBy(() -> ColbertVectors.fromBytes(new byte[12]))
                .withMessage("values: 1 numbers (expected: 0 × 0)");
        for (int size : new int[]{-1, 1, 3, Integer.MAX_VALUE}) {
            byte[] bytes = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN).putInt(size).array();
            assertThatIllegalArgumentException().as("%d", size)
                    .isThrownBy(() -> LexicalWeights.fromBytes(bytes)).withMessageStartingWith("bytes: 20 (");
        }
        byte[] twice = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN).putInt(2).putInt(7).putInt(7)
                .putFloat(1).putFloat(1).array();
        assertThatIllegalArgumentException().isThrownBy(() -> LexicalWeights.fromBytes(twice))
                .withMessage("token id: 7, twice (expected: each once)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ColbertVectors.of(new float[][]{{1, 2}, {1}}))
                .withMessage("row 1: 1 numbers (expected: 2, as row 0 has)");
    }

    @Test
    void createsAndScoresEmbeddingsFromStoredValues() {
        DenseVector dense = new DenseVector(new float[]{1, 0});
        LexicalWeights lexical = LexicalWeights.of(Map.of(5, 0.5f));
        ColbertVectors colbert = ColbertVectors.of(new float[][]{{0, 1}});
        Embedding embedding = Embedding.of(dense, lexical, colbert);
        assertThat(embedding.score(embedding)).isEqualTo(new PairScores(1, 0.25f, 1, 0.625f, 0.75f));
        Embedding onlyDense = Embedding.builder().dense(dense).tokenCounts(4, 9).build();
        assertThat(onlyDense.has(Output.SPARSE)).isFalse();
        assertThat(onlyDense.truncated()).isTrue();
        assertThatIllegalArgumentException().isThrownBy(() -> Embedding.builder().build())
                .withMessage("outputs: none (expected: at least one)");
        assertThatIllegalArgumentException().isThrownBy(() -> Embedding.builder().tokenCounts(3, 2))
                .withMessage("tokenCount: 3 (expected: 0..2, the text's)");
    }
}
