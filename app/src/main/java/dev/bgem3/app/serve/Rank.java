package dev.bgem3.app.serve;

import dev.bgem3.app.api.TeiRequests.Rerank;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/** The index of a text in a rerank request, and its score. */
record Rank(int index, float score) {
    /** Writes the response of {@code /rerank}. */
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
