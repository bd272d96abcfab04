package dev.bgem3.app.serve;

import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.TextInput;
import dev.bgem3.app.api.OpenAiRequest;
import dev.bgem3.app.api.OpenAiRequest.Format;
import dev.bgem3.app.api.TextOptions;
import java.util.List;
import java.util.OptionalInt;
import tools.jackson.core.JsonGenerator;

/** The routes of OpenAI's API for embeddings. */
record OpenAiRoutes(TextService texts, String modelName) {
    private static final String INPUT = "input";

    List<Route> routes() {
        return List.of(Route.post("/v1/embeddings", this::embeddings).withErrors(ErrorShape.OPENAI),
                Route.post("/embeddings", this::embeddings).withErrors(ErrorShape.OPENAI),
                models(modelName));
    }

    /** Returns the route that lists the model. */
    static Route models(String modelName) {
        return Route.get("/v1/models", exchange -> models(exchange, modelName)).withErrors(ErrorShape.OPENAI);
    }

    private void embeddings(Exchange exchange) {
        OpenAiRequest request = OpenAiRequest.read(exchange.body());
        TextService.rejectEmpty(request.inputs());
        EncodeOptions.Builder what = EncodeOptions.builder();
        texts.keepDimensions(what, request.dimensions());
        Encoded encoded = texts.encode(exchange, INPUT, request.inputs(), TextOptions.defaults(),
                OptionalInt.empty(),
                what);
        exchange.json(json -> write(json, request, encoded));
    }

    private void write(JsonGenerator json, OpenAiRequest request, Encoded encoded) {
        json.writeStartObject();
        json.writeStringProperty("object", "list");
        json.writeArrayPropertyStart("data");
        int index = 0;
        for (Embedding embedding : encoded.embeddings()) {
            float[] dense = embedding.dense().values();
            json.writeStartObject();
            json.writeStringProperty("object", "embedding");
            json.writeName("embedding");
            if (request.format() == Format.BASE64) {
                VectorJson.base64Fp32(json, dense);
            } else {
                VectorJson.floats(json, dense, 0, dense.length);
            }
            json.writeNumberProperty("index", index++);
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeStringProperty("model", request.model().orElse(modelName));
        long tokens = encoded.texts().stream().mapToLong(TextInput.Tokens::tokenCount).sum();
        json.writeObjectPropertyStart("usage");
        json.writeNumberProperty("prompt_tokens", tokens);
        json.writeNumberProperty("total_tokens", tokens);
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void models(Exchange exchange, String modelName) {
        exchange.json(json -> {
            json.writeStartObject();
            json.writeStringProperty("object", "list");
            json.writeArrayPropertyStart("data");
            json.writeStartObject();
            json.writeStringProperty("id", modelName);
            json.writeStringProperty("object", "model");
            json.writeNumberProperty("created", 0);
            json.writeStringProperty("owned_by", "bgem3");
            json.writeEndObject();
            json.writeEndArray();
            json.writeEndObject();
        });
    }
}
