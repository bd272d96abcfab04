package dev.bgem3.app.serve;

import dev.bgem3.app.api.TeiRequests.Rerank;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/** A text's place among those of a request to rank, and its score. */
record Rank(int index, float score) {
    /** Writes what {@code /rerank} answers. */
    static void write(JsonGenerator json, List<Rank> ranks, Rerank request) {
        json.writeStartArray();
        for (Rank rank : ranks) {
            json.writeStartObject();
            json.writeNumberProperty("index", rank.index());
            if (request.returnText()) {
                json.writeStringProperty("text", request.texts().get(rank.index()).text());
            }
            json.writeNumberProperty("score", rank.score());
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
