package dev.bgem3;

import static dev.bgem3.Embeddings.ALL;
import static dev.bgem3.Embeddings.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Tests what the different methods for encoding have in common, on random texts with duplicates and empty
 * ones.
 */
class EncodePropertyTest {
    private static BgeM3 model;

    private RandomTexts source;
    private List<String> texts;
    private List<Embedding> oneByOne;

    @BeforeAll
    static void load() {
        model = BgeM3.load(Fixtures.TINY, LoadOptions.builder().threads(2).build());
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @BeforeEach
    void encodeOneByOne() {
        source = RandomTexts.seeded("encode");
        texts = source.texts(80, 25);
        oneByOne = texts.stream().map(text -> model.encode(text, ALL)).toList();
    }

    @Test
    void encodesAListLikeItsTextsOneByOne() {
        assertSameBits("list", model.encode(texts, ALL), oneByOne);
        assertSameBits("queries", model.encodeQueries(texts, ALL), oneByOne);
        assertSameBits("corpus", model.encodeCorpus(texts, ALL), oneByOne);
    }

    @Test
    void encodesAStreamLikeAListWithWindowsOfAnySize() {
        for (int budget : new int[]{1, 5, 64, 4096}) {
            RunOptions run = RunOptions.builder().tokenBudget(budget).build();
            assertSameBits("stream, budget " + budget, model.encode(texts.stream(), ALL, run).toList(),
                    oneByOne);
        }
        assertSameBits("parallel", model.encode(texts.parallelStream(), ALL).parallel().toList(), oneByOne);
    }

    @Test
    void encodesEachOutputAloneLikeAllTogether() {
        for (Output output : Output.values()) {
            List<Embedding> single = model.encode(texts, EncodeOptions.of(output));
            for (int i = 0; i < texts.size(); i++) {
                switch (output) {
                    case DENSE -> assertThat(single.get(i).dense()).isEqualTo(oneByOne.get(i).dense());
                    case SPARSE -> assertThat(single.get(i).lexicalWeights())
                            .isEqualTo(oneByOne.get(i).lexicalWeights());
                    case COLBERT -> assertThat(single.get(i).colbert()).isEqualTo(oneByOne.get(i).colbert());
                }
            }
        }
    }

    @Test
    void encodesTheTokenizersIdsLikeTheText() {
        List<int[]> ids = texts.stream().map(text -> model.tokenizer().encode(text).ids()).toList();
        assertSameBits("ids", model.encodeTokenIds(ids, ALL), oneByOne);
    }

    @Test
    void normalisesDenseVectorsAndColbertRows() {
        for (Embedding embedding : oneByOne) {
            Embeddings.assertSound("text", embedding);
            // Allows for fp32 rounding of 128 squares that sum to 1.
            assertThat(embedding.dense().dot(embedding.dense())).isBetween(1 - 1e-5f, 1 + 1e-5f);
            for (int row = 0; row < embedding.colbert().rows(); row++) {
                double sum = 0;
                for (float value : embedding.colbert().row(row)) {
                    sum += (double) value * value;
                }
                assertThat(sum).isBetween(1 - 1e-5, 1 + 1e-5);
            }
        }
    }

    @Test
    void scoresPairsLikeTheirEmbeddings() {
        Random random = source.random();
        List<TextPair> pairs = new ArrayList<>();
        List<Integer> queries = new ArrayList<>();
        List<Integer> passages = new ArrayList<>();
        for (int i = 0; i < 600; i++) { // More than two windows.
            queries.add(random.nextInt(texts.size()));
            passages.add(random.nextInt(texts.size()));
            pairs.add(new TextPair(texts.get(queries.get(i)), texts.get(passages.get(i))));
        }
        ScoreWeights weights = new ScoreWeights(0.4, 0.2, 0.4);
        List<PairScores> scores = model.computeScore(pairs, weights, EncodeOptions.defaults());
        assertThat(scores).hasSameSizeAs(pairs);
        for (int i = 0; i < pairs.size(); i++) {
            Embedding query = oneByOne.get(queries.get(i));
            Embedding passage = oneByOne.get(passages.get(i));
            PairScores score = scores.get(i);
            assertThat(score).as("pair %d", i).isEqualTo(PairScores.of(query, passage, weights));
            assertThat(score.dense()).isEqualTo(query.dense().dot(passage.dense()));
            assertThat(score.sparse()).isEqualTo(
                    BgeM3.computeLexicalMatchingScore(query.lexicalWeights(), passage.lexicalWeights()));
            assertThat(score.colbert()).isEqualTo(BgeM3.colbertScore(query.colbert(), passage.colbert()));
            // The reference's formulas in double precision, rounded once: the error is within an ulp of
            // numbers below 64.
            assertThat((double) score.sparseDense())
                    .isCloseTo((score.sparse() * 0.2 + score.dense() * 0.4) / 0.6,
                            Offset.offset(4e-6));
            assertThat((double) score.colbertSparseDense()).isCloseTo(
                    score.colbert() * 0.4 + score.sparse() * 0.2 + score.dense() * 0.4,
                    Offset.offset(4e-6));
        }
    }

    @Test
    void scoresLexicalWeightsInAMatrixLikeInPairs() {
        List<LexicalWeights> weights = oneByOne.stream().map(Embedding::lexicalWeights).toList();
        List<LexicalWeights> columns = weights.subList(0, 7);
        float[][] matrix = BgeM3.computeLexicalMatchingScore(weights, columns);
        assertThat(matrix).hasDimensions(weights.size(), 7);
        for (int i = 0; i < weights.size(); i++) {
            for (int j = 0; j < 7; j++) {
                double sum = 0;
                for (int id : weights.get(i).tokenIds()) {
                    sum += (double) weights.get(i).weight(id) * columns.get(j).weight(id);
                }
                assertThat(matrix[i][j]).isEqualTo(weights.get(i).dot(columns.get(j)));
                assertThat((double) matrix[i][j]).isCloseTo(sum,
                        Offset.offset(1e-6 * (1 + sum)));
                assertThat(matrix[i][j]).isEqualTo(columns.get(j).dot(weights.get(i)));
            }
        }
    }

    @Test
    void givesWeightsOnlyToTheTextsOwnTokens() {
        for (int i = 0; i < texts.size(); i++) {
            LexicalWeights weights = oneByOne.get(i).lexicalWeights();
            int[] ids = model.tokenizer().encode(texts.get(i)).ids();
            Set<Integer> inText = Arrays.stream(ids).filter(id -> id > 3).boxed().collect(Collectors.toSet());
            assertThat(inText).containsAll(weights.asMap().keySet());
            assertThat(weights.tokenIds()).isSorted().doesNotHaveDuplicates();
            assertThat(model.convertIdToToken(weights).values()).allMatch(weight -> weight > 0);
        }
    }
}
