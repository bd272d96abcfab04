package dev.bgem3.app.serve;

import dev.bgem3.app.api.RerankRequest;
import dev.bgem3.app.api.RerankRequest.Dialect;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/**
 * The rerank routes. They answer in the dialect of the request, that of text-embeddings-inference or that of
 * Cohere and Jina.
 *
 * @param modelName
 *            the name of a model in responses to requests that name none
 * @param ranker
 *            computes the ranks
 */
record RankingRoutes(String modelName, Ranker ranker) {
    /** Ranks the texts of a request. */
    interface Ranker {
        /** Returns the ranks of all texts, the best first. */
        List<Rank> rank(Exchange exchange, RerankRequest request);
    }

    List<Route> routes() {
        return List.of(route("/rerank"), route("/v1/rerank").withErrors(ErrorShape.OPENAI),
                // Cohere's second version does not return documents.
                Route.post("/v2/rerank", exchange -> rerank(exchange, false)).withErrors(ErrorShape.OPENAI));
    }

    /** Returns a rerank route at a path. */
    Route route(String path) {
        return Route.post(path, exchange -> rerank(exchange, true));
    }

    private void rerank(Exchange exchange, boolean returnDocuments) {
        RerankRequest request = RerankRequest.read(exchange.body(), returnDocuments);
        List<Rank> all = ranker.rank(exchange, request);
        List<Rank> ranks = all.subList(0, Math.min(all.size(), request.topN().orElse(all.size())));
        exchange.json(request.dialect() == Dialect.TEI
                ? json -> writeTei(json, ranks, request)
                : json -> writeCohere(json, ranks, request, exchange.work().tokens()));
    }

    private static void writeTei(JsonGenerator json, List<Rank> ranks, RerankRequest request) {
        json.writeStartArray();
        for (Rank rank : ranks) {
            json.writeStartObject();
            json.writeNumberProperty("index", rank.index());
            if (request.returnTexts()) {
                json.writeStringProperty("text", request.texts().get(rank.index()).text());
            }
            json.writeNumberProperty("score", rank.score());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    /** Writes what clients of Cohere ({@code meta}) and of Jina ({@code model}, {@code usage}) read. */
    private void writeCohere(JsonGenerator json, List<Rank> ranks, RerankRequest request, long tokens) {
        json.writeStartObject();
        json.writeStringProperty("model", request.model().orElse(modelName));
        json.writeArrayPropertyStart("results");
        for (Rank rank : ranks) {
            json.writeStartObject();
            json.writeNumberProperty("index", rank.index());
            json.writeNumberProperty("relevance_score", rank.score());
            if (request.returnTexts()) {
                json.writeObjectPropertyStart("document");
                json.writeStringProperty("text", request.texts().get(rank.index()).text());
                json.writeEndObject();
            }
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeObjectPropertyStart("usage");
        json.writeNumberProperty("prompt_tokens", tokens);
        json.writeNumberProperty("total_tokens", tokens);
        json.writeEndObject();
        json.writeObjectPropertyStart("meta");
        json.writeObjectPropertyStart("billed_units");
        json.writeNumberProperty("search_units", 1);
        json.writeEndObject();
        json.writeEndObject();
        json.writeEndObject();
    }
}
