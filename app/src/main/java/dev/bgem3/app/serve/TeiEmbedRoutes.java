package dev.bgem3.app.serve;

import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.LexicalWeights;
import dev.bgem3.Output;
import dev.bgem3.TokenStates;
import dev.bgem3.app.api.TeiRequests.Embed;
import dev.bgem3.app.api.TeiRequests.Plain;
import dev.bgem3.app.api.TeiRequests.Similarity;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;

/** The routes of text-embeddings-inference that need an embedding model. */
record TeiEmbedRoutes(TextService texts) {
    private static final String INPUTS = "inputs";

    List<Route> routes() {
        return List.of(Route.post("/embed", this::embed), Route.post("/", this::embed),
                Route.post("/invocations", this::embed), Route.post("/embed_sparse", this::embedSparse),
                Route.post("/embed_all", this::embedAll),
                Route.post("/similarity", this::similarity));
    }

    private void embed(Exchange exchange) {
        Embed request = Embed.read(exchange.body());
        TextService.rejectEmpty(request.inputs());
        EncodeOptions.Builder what = EncodeOptions.builder().normalize(request.normalize());
        texts.keepDimensions(what, request.dimensions());
        Encoded encoded = texts.encode(exchange, INPUTS, request.inputs(), request.options(),
                OptionalInt.empty(),
                what);
        exchange.json(json -> list(json, encoded.embeddings(), embedding -> {
            float[] dense = embedding.dense().values();
            VectorJson.floats(json, dense, 0, dense.length);
        }));
    }

    private void embedSparse(Exchange exchange) {
        Plain request = Plain.read(exchange.body());
        TextService.rejectEmpty(request.inputs());
        Encoded encoded = texts.encode(exchange, INPUTS, request.inputs(), request.options(),
                OptionalInt.empty(),
                EncodeOptions.builder().outputs(Output.SPARSE));
        exchange.json(json -> list(json, encoded.embeddings(), embedding -> {
            LexicalWeights weights = embedding.lexicalWeights();
            json.writeStartArray();
            for (int i = 0; i < weights.size(); i++) {
                json.writeStartObject();
                json.writeNumberProperty("index", weights.tokenIds()[i]);
                json.writeNumberProperty("value", weights.weights()[i]);
                json.writeEndObject();
            }
            json.writeEndArray();
        }));
    }

    /** Answers with the last hidden state of each token, before any head and not normalized. */
    private void embedAll(Exchange exchange) {
        Plain request = Plain.read(exchange.body());
        TextService.rejectEmpty(request.inputs());
        Encoded encoded = texts.encode(exchange, INPUTS, request.inputs(), request.options(),
                OptionalInt.empty(), EncodeOptions.builder().tokenStates(true));
        exchange.json(json -> list(json, encoded.embeddings(), embedding -> {
            TokenStates states = embedding.tokenStates();
            VectorJson.rows(json, states.values(), states.rows(), states.dimension());
        }));
    }

    private void similarity(Exchange exchange) {
        Similarity request = Similarity.read(exchange.body());
        texts.countWithin("inputs.sentences", request.sentences().size());
        Comparison compared = new Comparison(request.source(), request.sentences());
        TextService.rejectEmpty(compared.inputs());
        Encoded encoded = texts.encode(exchange, compared, request.options(), OptionalInt.empty(),
                EncodeOptions.builder());
        Embedding source = encoded.embeddings().getFirst();
        exchange.json(json -> list(json, encoded.embeddings().subList(1, encoded.embeddings().size()),
                sentence -> json.writeNumber(source.dense().dot(sentence.dense()))));
    }

    private static <T> void list(JsonGenerator json, List<T> items, Consumer<T> write) {
        json.writeStartArray();
        items.forEach(write);
        json.writeEndArray();
    }
}
