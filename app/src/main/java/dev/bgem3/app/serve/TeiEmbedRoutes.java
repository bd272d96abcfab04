package dev.bgem3.app.serve;

import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.LexicalWeights;
import dev.bgem3.Output;
import dev.bgem3.PairScores;
import dev.bgem3.ScoreWeights;
import dev.bgem3.app.api.Input;
import dev.bgem3.app.api.Inputs;
import dev.bgem3.app.api.TeiRequests.Embed;
import dev.bgem3.app.api.TeiRequests.Plain;
import dev.bgem3.app.api.TeiRequests.Rerank;
import dev.bgem3.app.api.TeiRequests.Similarity;
import dev.bgem3.app.api.TextOptions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;

/** The routes of text-embeddings-inference that want an embedding model. */
record TeiEmbedRoutes(TextService texts) {
    private static final String INPUTS = "inputs";

    /** A text's place among those of a request to rank, and its score. */
    private record Rank(int index, float score) {}

    List<Route> routes() {
        return List.of(Route.post("/embed", this::embed), Route.post("/", this::embed),
                Route.post("/invocations", this::embed), Route.post("/embed_sparse", this::embedSparse),
                Route.post("/rerank", this::rerank), Route.post("/similarity", this::similarity));
    }

    private void embed(Exchange exchange) {
        Embed request = Embed.read(exchange.body());
        TextService.refuseEmpty(INPUTS, request.inputs());
        EncodeOptions.Builder what = EncodeOptions.builder().normalize(request.normalize());
        texts.keepDimensions(what, request.dimensions());
        Encoded encoded = texts.encode(exchange, INPUTS, request.inputs(), request.options(),
                OptionalInt.empty(),
                what);
        exchange.json(json -> list(json, encoded.embeddings(), embedding -> {
            float[] dense = embedding.dense().values();
            JsonAnswers.floats(json, dense, 0, dense.length);
        }));
    }

    private void embedSparse(Exchange exchange) {
        Plain request = Plain.read(exchange.body());
        TextService.refuseEmpty(INPUTS, request.inputs());
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

    /** The weighted score of all that the model gives. It lies between 0 and about 1 by itself, so that raw scores are the same. */
    private void rerank(Exchange exchange) {
        Rerank request = Rerank.read(exchange.body());
        texts.countWithin("texts", request.texts().size());
        boolean all = texts.hasAllOutputs();
        Encoded encoded = encodePair(exchange, request.query(), "texts", request.texts(), request.options(),
                all
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
        exchange.json(json -> list(json, ranks, rank -> {
            json.writeStartObject();
            json.writeNumberProperty("index", rank.index());
            if (request.returnText()) {
                json.writeStringProperty("text", request.texts().get(rank.index()));
            }
            json.writeNumberProperty("score", rank.score());
            json.writeEndObject();
        }));
    }

    private void similarity(Exchange exchange) {
        Similarity request = Similarity.read(exchange.body());
        texts.countWithin("inputs.sentences", request.sentences().size());
        Encoded encoded = encodePair(exchange, request.source(), "inputs.sentences", request.sentences(),
                request.options(), EncodeOptions.builder());
        Embedding source = encoded.embeddings().getFirst();
        exchange.json(json -> list(json, encoded.embeddings().subList(1, encoded.embeddings().size()),
                sentence -> json.writeNumber(source.dense().dot(sentence.dense()))));
    }

    /** The first text of the result is {@code first}. */
    private Encoded encodePair(Exchange exchange, String first, String field, List<String> others,
            TextOptions options,
            EncodeOptions.Builder what) {
        List<Input> items = new ArrayList<>(others.size() + 1);
        items.add(new Input.Text(first));
        others.forEach(text -> items.add(new Input.Text(text)));
        Inputs inputs = new Inputs(items, false);
        TextService.refuseEmpty("query and " + field, inputs);
        return texts.encodeCounted(exchange, "query and " + field, inputs, options, OptionalInt.empty(),
                what);
    }

    private static <T> void list(JsonGenerator json, List<T> items, Consumer<T> write) {
        json.writeStartArray();
        items.forEach(write);
        json.writeEndArray();
    }
}
