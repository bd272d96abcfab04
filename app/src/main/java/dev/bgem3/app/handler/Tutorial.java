package dev.bgem3.app.handler;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.Output;
import dev.bgem3.PairScores;
import java.util.List;
import java.util.SequencedMap;

/** A model's results for the tutorial's sentences. */
final class Tutorial {
    final List<Embedding> queries;
    final List<Embedding> passages;
    /** The lexical weights of each query by decoded token. */
    final List<SequencedMap<String, Float>> queryWeights;
    /** The scores of each of {@link Published#PAIRS}. */
    final List<PairScores> scores;
    final String queryIds;

    Tutorial(BgeM3 model) {
        EncodeOptions all = EncodeOptions.of(Output.DENSE, Output.SPARSE, Output.COLBERT);
        queries = model.encode(Published.QUERIES, all);
        passages = model.encode(Published.PASSAGES, all);
        queryWeights = model.convertIdToToken(queries.stream().map(Embedding::lexicalWeights).toList());
        scores = model.computeScore(Published.PAIRS, Published.WEIGHTS, all);
        StringBuilder ids = new StringBuilder();
        for (int id : model.tokenizer().encode(Published.QUERIES.getFirst()).ids()) {
            ids.append(ids.isEmpty() ? "" : " ").append(id);
        }
        queryIds = ids.toString();
    }

    float dense(int query, int passage) {
        return queries.get(query).dense().dot(passages.get(passage).dense());
    }

    float lexicalQueryPassage() {
        return BgeM3.computeLexicalMatchingScore(queries.getFirst().lexicalWeights(),
                passages.getFirst().lexicalWeights());
    }

    float lexicalQueryQuery() {
        return BgeM3.computeLexicalMatchingScore(queries.getFirst().lexicalWeights(),
                queries.getLast().lexicalWeights());
    }

    float colbert(int query, int passage) {
        return BgeM3.colbertScore(queries.get(query).colbert(), passages.get(passage).colbert());
    }

    /** Returns a score by the index of its name in {@link Published#SCORE_NAMES}. */
    float score(int name, int pair) {
        PairScores of = scores.get(pair);
        return switch (Published.SCORE_NAMES.get(name)) {
            case "dense" -> of.dense();
            case "sparse" -> of.sparse();
            case "colbert" -> of.colbert();
            case "sparse+dense" -> of.sparseDense();
            case "colbert+sparse+dense" -> of.colbertSparseDense();
            default -> throw new IllegalStateException(Published.SCORE_NAMES.get(name));
        };
    }
}
