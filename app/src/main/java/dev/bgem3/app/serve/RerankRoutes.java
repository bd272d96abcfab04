package dev.bgem3.app.serve;

import dev.bgem3.ModelInfo;
import dev.bgem3.QueueResult;
import dev.bgem3.RerankOptions;
import dev.bgem3.RerankQueue;
import dev.bgem3.RerankScore;
import dev.bgem3.TextPair;
import dev.bgem3.Truncation;
import dev.bgem3.app.api.InvalidRequestException;
import dev.bgem3.app.api.InvalidRequestException.Fault;
import dev.bgem3.app.api.RerankRequest;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The routes of a server with a reranker: those that rerank, and those for vectors, which explain that the
 * model has none.
 *
 * @param queue
 *            the queue that computes the scores
 * @param info
 *            the model's properties
 * @param autoTruncate
 *            whether to truncate a pair that is too long if the request does not say
 * @param modelName
 *            the model's name in responses
 */
record RerankRoutes(RerankQueue queue, ModelInfo info, boolean autoTruncate, String modelName,
        Admission admission, Metrics metrics) {
    /** The tokens that stand around a query and a passage, or more. */
    private static final int SPECIAL_TOKENS = 4;

    List<Route> routes() {
        RankingRoutes ranking = new RankingRoutes(modelName, this::rank);
        return Stream.of(ranking.routes().stream(), Stream.of("/", "/invocations").map(ranking::route),
                Stream.of("/embed", "/embed_sparse", "/embed_all", "/similarity", "/v1/encode", "/v1/score")
                        .map(path -> Route.post(path, RerankRoutes::noVectors)),
                Stream.of("/v1/embeddings", "/embeddings").map(
                        path -> Route.post(path, RerankRoutes::noVectors).withErrors(ErrorShape.OPENAI)))
                .flatMap(Function.identity()).toList();
    }

    /** Refuses a request for vectors with the status of text-embeddings-inference. */
    private static void noVectors(Exchange exchange) {
        throw new RefusedException(Refusal.Kind.BACKEND,
                "model is not an embedding model: a reranker is served (expected: POST /rerank)");
    }

    private List<Rank> rank(Exchange exchange, RerankRequest request) {
        admission.countWithin(request.dialect().field(), request.texts().size());
        rejectEmpty(request);
        if (request.options().direction() == Truncation.LEFT) {
            throw new InvalidRequestException(Fault.VALIDATION,
                    "truncation_direction: left (expected: right, as a reranker's pairs are cut)");
        }
        if (request.options().namesPrompt()) {
            throw new InvalidRequestException(Fault.VALIDATION,
                    "prompt_name: a reranker has no prompts (expected: no prompt_name)");
        }
        admission.rejectOverload();
        exchange.room(heapToTokenize(request));
        List<RerankScore> scores = score(exchange, request);
        Admission.reportTruncated(exchange,
                scores.stream().filter(RerankScore::truncated).map(score -> String.valueOf(score.index()))
                        .toList());
        return scores.stream().sorted(RerankScore.BEST_FIRST)
                .map(score -> new Rank(score.index(), score.score())).toList();
    }

    /** Rejects pairs of two empty texts; as in text-embeddings-inference, one of them may be empty. */
    private static void rejectEmpty(RerankRequest request) {
        if (request.query().text().isEmpty()) {
            request.texts().stream().filter(text -> text.text().isEmpty()).findFirst().ifPresent(text -> {
                throw new InvalidRequestException(Fault.EMPTY,
                        "query and " + text.place().orElseThrow() + ": both empty (expected: a text)");
            });
        }
    }

    /** Returns a bound on the heap for tokenizing the longest text and keeping the tokens of all pairs. */
    private long heapToTokenize(RerankRequest request) {
        long query = request.query().text().length() + SPECIAL_TOKENS;
        long tokens = request.texts().stream()
                .mapToLong(text -> Math.min(info.maxLength(), query + text.text().length())).sum();
        long tokenizing = Stream.concat(Stream.of(request.query()), request.texts().stream())
                .mapToLong(text -> HeapCost.heapToTokenize(text.text())).max().orElse(0);
        return tokenizing + (tokens + query) * HeapCost.ID_BYTES;
    }

    private List<RerankScore> score(Exchange exchange, RerankRequest request) {
        RerankOptions options = RerankOptions.builder().normalize(!request.rawScores())
                .truncate(request.options().truncate().orElse(autoTruncate)).build();
        int count = request.texts().size();
        metrics.begun(count);
        String query = request.query().text();
        List<TextPair> pairs = request.texts().stream()
                .map(text -> new TextPair(query, text.text(), text.place())).toList();
        QueueResult<RerankScore> computed = exchange.await(queue.score(pairs, options));
        long characters = (long) count * query.length()
                + request.texts().stream().mapToLong(text -> text.text().length()).sum();
        Work work = new Work(count, characters, computed.tokens(), computed.tokenizing(), computed.waiting(),
                computed.computing());
        metrics.computed(work, computed.results().stream().mapToInt(RerankScore::tokenCount));
        exchange.worked(work, Admission.computeType(info.devices()));
        return computed.results();
    }
}
