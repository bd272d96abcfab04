package dev.bgem3.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.bgem3.BgeM3;
import dev.bgem3.DenseVector;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.Fixtures;
import dev.bgem3.Output;
import dev.bgem3.PairScores;
import dev.bgem3.RunOptions;
import dev.bgem3.ScoreWeights;
import dev.bgem3.TextPair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the documentation's samples that encode and score texts. */
class EncodeSamplesTest {
    private static BgeM3 model;

    @BeforeAll
    static void load() {
        model = BgeM3.load(Fixtures.TINY);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @Test
    void encodesOneText() {
        // @start region="text"
        DenseVector first = model.encode("What is BGE M3?").dense();
        DenseVector second = model.encode("BGE M3 is an embedding model.").dense();
        float cosine = first.dot(second);
        // @end
        assertThat(cosine).isBetween(-1f, 1f);
    }

    @Test
    void encodesWithOptions() {
        // @start region="options"
        EncodeOptions options = EncodeOptions.builder()
                .outputs(Output.DENSE, Output.SPARSE, Output.COLBERT)
                .maxLength(512)
                .build();
        List<Embedding> embeddings = model.encode(List.of("What is BGE M3?", "What is BM25?"), options);
        for (Embedding embedding : embeddings) {
            System.out
                    .println(embedding.dense().dimension() + " numbers, " + embedding.lexicalWeights().size()
                            + " weights, " + embedding.colbert().rows() + " vectors");
        }
        // @end
        assertThat(embeddings).hasSize(2).noneMatch(Embedding::truncated);
    }

    @Test
    void reportsProgress() {
        AtomicBoolean stopped = new AtomicBoolean();
        AtomicInteger done = new AtomicInteger();
        List<String> texts = List.of("What is BGE M3?", "What is BM25?");
        // @start region="run"
        RunOptions run = RunOptions.builder()
                .progress((finished, tokens) -> System.out.println(done.addAndGet(finished) + " texts done"))
                .cancelled(stopped::get)
                .build();
        List<Embedding> embeddings = model.encode(texts, EncodeOptions.defaults(), run);
        // @end
        assertThat(embeddings).hasSize(2);
        assertThat(done).hasValue(2);
    }

    @Test
    void encodesAStream(@TempDir Path folder) throws IOException {
        Path file = Files.write(folder.resolve("texts"), List.of("What is BGE M3?", "What is BM25?"));
        List<byte[]> index = new ArrayList<>();
        // @start region="stream"
        try (Stream<String> lines = Files.lines(file);
                Stream<Embedding> embeddings = model.encode(lines, EncodeOptions.defaults())) {
            embeddings.forEach(embedding -> index.add(embedding.dense().toBytes()));
        }
        // @end
        assertThat(index).hasSize(2);
    }

    @Test
    void encodesQueriesAndPassages() {
        // @start region="roles"
        Embedding query = model.encodeQuery("What is BM25?");
        List<Embedding> passages = model
                .encodeCorpus(List.of("BM25 ranks documents.", "BGE M3 embeds text."));
        for (Embedding passage : passages) {
            System.out.println(query.dense().dot(passage.dense()));
        }
        // @end
        assertThat(passages.getFirst()).extracting(Embedding::dense)
                .isEqualTo(model.encodePassage("BM25 ranks documents.").dense());
    }

    @Test
    void encodesTokens() {
        // @start region="token-ids"
        int[] ids = model.tokenizer().encode("What is BGE M3?").ids();
        Embedding embedding = model.encodeTokenIds(List.of(ids), EncodeOptions.defaults()).getFirst();
        // @end
        assertThat(embedding.dense()).isEqualTo(model.encode("What is BGE M3?").dense());
    }

    @Test
    void scoresPairs() {
        // @start region="pairs"
        List<TextPair> pairs = List.of(new TextPair("What is BM25?", "BM25 ranks documents."),
                new TextPair("What is BM25?", "BGE M3 embeds text."));
        List<PairScores> scores = model.computeScore(pairs, new ScoreWeights(0.4, 0.2, 0.4),
                EncodeOptions.defaults());
        float best = Math.max(scores.get(0).colbertSparseDense(), scores.get(1).colbertSparseDense());
        // @end
        assertThat(best).isPositive();
    }

    @Test
    void scoresEmbeddings() {
        // @start region="embeddings"
        EncodeOptions all = EncodeOptions.of(Output.DENSE, Output.SPARSE, Output.COLBERT);
        Embedding query = model.encodeQuery("What is BM25?", all);
        Embedding passage = model.encodePassage("BM25 ranks documents.", all);
        PairScores scores = query.score(passage, ScoreWeights.EQUAL);
        // @end
        assertThat(scores)
                .isEqualTo(model.computeScore(new TextPair("What is BM25?", "BM25 ranks documents.")));
        // @start region="lexical"
        float lexical = BgeM3.computeLexicalMatchingScore(query.lexicalWeights(), passage.lexicalWeights());
        SequencedMap<String, Float> weightByToken = model.convertIdToToken(query.lexicalWeights());
        // @end
        assertThat(lexical).isEqualTo(scores.sparse());
        assertThat(weightByToken).isNotEmpty();
        // @start region="colbert"
        float late = BgeM3.colbertScore(query.colbert(), passage.colbert());
        // @end
        assertThat(late).isCloseTo(scores.colbert(), within(0f));
    }
}
