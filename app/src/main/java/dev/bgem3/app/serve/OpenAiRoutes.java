package dev.bgem3.app.serve;

import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.TextInput;
import dev.bgem3.app.api.InvalidRequestException;
import dev.bgem3.app.api.InvalidRequestException.Fault;
import dev.bgem3.app.api.OpenAiRequest;
import dev.bgem3.app.api.OpenAiRequest.Format;
import dev.bgem3.app.api.TextOptions;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import tools.jackson.core.JsonGenerator;

/**
 * The routes of OpenAI's API for embeddings.
 *
 * @param foreignTokenIds
 *            whether to accept token ids that do not begin and end like those of the model's tokenizer
 */
record OpenAiRoutes(TextService texts, String modelName, boolean foreignTokenIds) {
    private static final String INPUT = "input";

    List<Route> routes() {
        return Stream.concat(
                Stream.of("/v1/embeddings", "/embeddings")
                        .map(path -> Route.post(path, this::embeddings).withErrors(ErrorShape.OPENAI)),
                models(modelName).stream()).toList();
    }

    /** Returns the routes that list and describe the model. */
    static List<Route> models(String modelName) {
        return List.of(
                Route.get("/v1/models", exchange -> models(exchange, modelName))
                        .withErrors(ErrorShape.OPENAI),
                Route.get(Route.MODELS + "{id}", exchange -> model(exchange, modelName))
                        .withErrors(ErrorShape.OPENAI));
    }

    private void embeddings(Exchange exchange) {
        OpenAiRequest request = OpenAiRequest.read(exchange.body());
        TextService.rejectEmpty(request.inputs());
        if (!foreignTokenIds) {
            request.inputs().forEach(this::rejectForeignTokenIds);
        }
        EncodeOptions.Builder what = EncodeOptions.builder();
        texts.keepDimensions(what, request.dimensions());
        Encoded encoded = texts.encode(exchange, INPUT, request.inputs(), TextOptions.defaults(),
                OptionalInt.empty(),
                what);
        exchange.json(json -> write(json, request, encoded));
    }

    /**
     * Rejects token ids that do not begin and end as this model's tokenizer begins and ends a text. They are
     * probably another tokenizer's: some clients send those of tiktoken unless told otherwise, and almost all
     * of them would be other tokens of this model.
     */
    private void rejectForeignTokenIds(TextInput input) {
        if (input instanceof TextInput.Tokens tokens) {
            int[] ids = tokens.tokenIds();
            int[] prefix = texts.tokenizer().prefixIds();
            int[] suffix = texts.tokenizer().suffixIds();
            boolean own = ids.length >= prefix.length + suffix.length
                    && Arrays.equals(prefix, Arrays.copyOf(ids, prefix.length))
                    && Arrays.equals(suffix, Arrays.copyOfRange(ids, ids.length - suffix.length, ids.length));
            if (!own) {
                throw new InvalidRequestException(Fault.TOKENIZER, tokens.place().orElseThrow()
                        + ": token ids that do not begin with " + Arrays.toString(prefix) + " and end with "
                        + Arrays.toString(suffix) + " (expected: text, which LangChain's OpenAIEmbeddings"
                        + " sends with check_embedding_ctx_length=False, or ids of this model's tokenizer;"
                        + " the server's --foreign-token-ids accepts any)");
            }
        }
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
            writeModel(json, modelName);
            json.writeEndArray();
            json.writeEndObject();
        });
    }

    /** Describes the model; a slash in its name may be percent-encoded or not. */
    private static void model(Exchange exchange, String modelName) {
        String id = exchange.path().substring(Route.MODELS.length());
        if (!id.equals(modelName) && !decoded(id).equals(modelName)) {
            throw new RefusedException(Refusal.Kind.NOT_FOUND,
                    "model: not this one (expected: " + modelName + ")");
        }
        exchange.json(json -> writeModel(json, modelName));
    }

    private static String decoded(String id) {
        try {
            // A plus sign stands for itself in a path.
            return URLDecoder.decode(id.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException _) { // An incomplete escape.
            return id;
        }
    }

    private static void writeModel(JsonGenerator json, String modelName) {
        json.writeStartObject();
        json.writeStringProperty("id", modelName);
        json.writeStringProperty("object", "model");
        json.writeNumberProperty("created", 0);
        json.writeStringProperty("owned_by", "bgem3");
        json.writeEndObject();
    }
}
