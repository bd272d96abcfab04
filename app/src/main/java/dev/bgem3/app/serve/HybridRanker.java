package dev.bgem3.app.serve;

import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.Output;
import dev.bgem3.PairScores;
import dev.bgem3.ScoreWeights;
import dev.bgem3.app.api.RerankRequest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;

/**
 * Ranks by the mean of the scores of all outputs, or by the dense one if the model has no others. They are
 * between 0 and about 1 without normalization, so raw scores are the same.
 */
record HybridRanker(TextService texts) implements RankingRoutes.Ranker {
    @Override
    public List<Rank> rank(Exchange exchange, RerankRequest request) {
        texts.countWithin(request.dialect().field(), request.texts().size());
        boolean all = texts.hasAllOutputs();
        Comparison compared = new Comparison(request.query(), request.texts());
        TextService.rejectEmpty(compared.inputs());
        Encoded encoded = texts.encode(exchange, compared, request.options(), OptionalInt.empty(), all
                ? EncodeOptions.builder().outputs(Output.DENSE, Output.SPARSE, Output.COLBERT)
                : EncodeOptions.builder());
        List<Rank> ranks = new ArrayList<>(request.texts().size());
        Embedding query = encoded.embeddings().getFirst();
        for (int i = 0; i < request.texts().size(); i++) {
            Embedding text = encoded.embeddings().get(i + 1);
            ranks.add(new Rank(i, all
                    ? PairScores.of(query, text, ScoreWeights.EQUAL).colbertSparseDense()
                    : query.dense().dot(text.dense())));
        }
        ranks.sort(Comparator.comparing(Rank::score).reversed().thenComparing(Rank::index));
        return ranks;
    }
}
