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
import dev.bgem3.app.api.TeiRequests.Rerank;
import java.util.List;
import java.util.stream.Stream;

/**
 * The routes of a server with a reranker: its own, and those for vectors, which say what is served instead.
 *
 * @param queue
 *            before the model
 * @param info
 *            the model
 * @param autoTruncate
 *            whether a pair that is too long is cut where its request does not say
 */
record RerankRoutes(RerankQueue queue, ModelInfo info, boolean autoTruncate, Admission admission,
        Metrics metrics) {
    List<Route> routes() {
        return Stream.concat(
                Stream.of("/rerank", "/", "/invocations").map(path -> Route.post(path, this::rerank)),
                Stream.concat(
                        Stream.of("/embed", "/embed_sparse", "/embed_all", "/similarity", "/v1/encode",
                                "/v1/score")
                                .map(path -> Route.post(path, RerankRoutes::noVectors)),
                        Stream.of("/v1/embeddings", "/embeddings").map(
                                path -> Route.post(path, RerankRoutes::noVectors)
                                        .withErrors(ErrorShape.OPENAI))))
                .toList();
    }

    /** With the status that text-embeddings-inference gives it. */
    private static void noVectors(Exchange exchange) {
        throw new RefusedException(Refusal.Kind.BACKEND,
                "model is not an embedding model: a reranker is served (expected: POST /rerank)");
    }

    private void rerank(Exchange exchange) {
        Rerank request = Rerank.read(exchange.body());
        admission.countWithin("texts", request.texts().size());
        refuseEmpty(request);
        if (request.options().direction() == Truncation.LEFT) {
            throw new InvalidRequestException(Fault.VALIDATION,
                    "truncation_direction: left (expected: right, as a reranker's pairs are cut)");
        }
        if (request.options().namesPrompt()) {
            throw new InvalidRequestException(Fault.VALIDATION,
                    "prompt_name: a reranker has no prompts (expected: no prompt_name)");
        }
        admission.refuseOverload(request.texts().size());
        exchange.room(heapToCut(request));
        List<RerankScore> scores = score(exchange, request);
        Admission.sayWhatWasCut(exchange,
                scores.stream().filter(RerankScore::truncated).map(score -> String.valueOf(score.index()))
                        .toList());
        List<Rank> ranks = scores.stream().sorted(RerankScore.BEST_FIRST)
                .map(score -> new Rank(score.index(), score.score())).toList();
        exchange.json(json -> Rank.write(json, ranks, request));
    }

    /** Either of a pair's texts may be empty, as in text-embeddings-inference. */
    private static void refuseEmpty(Rerank request) {
        if (request.query().text().isEmpty()) {
            request.texts().stream().filter(text -> text.text().isEmpty()).findFirst().ifPresent(text -> {
                throw new InvalidRequestException(Fault.EMPTY,
                        "query and " + text.place().orElseThrow() + ": both empty (expected: a text)");
            });
        }
    }

    /** An upper bound of the heap for tokenizing the longest text and keeping the tokens of all pairs. */
    private long heapToCut(Rerank request) {
        long cutting = Stream.concat(Stream.of(request.query()), request.texts().stream())
                .mapToLong(text -> HeapCost.heapToCut(text.text())).max().orElse(0);
        return cutting + (long) (request.texts().size() + 1) * info.maxLength() * HeapCost.ID_BYTES;
    }

    private List<RerankScore> score(Exchange exchange, Rerank request) {
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
