package dev.bgem3.app.serve;

import dev.bgem3.ColbertVectors;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.LexicalWeights;
import dev.bgem3.Output;
import dev.bgem3.PairScores;
import dev.bgem3.TextInput;
import dev.bgem3.app.api.EncodeRequest;
import dev.bgem3.app.api.EncodeRequest.ColbertFormat;
import dev.bgem3.app.api.ScoreRequest;
import dev.bgem3.tokenizer.Tokenizer;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/** Our own routes, for all outputs and scores of BGE-M3. */
record OwnRoutes(TextService texts, Tokenizer tokenizer, String modelName) {
    List<Route> routes() {
        return List.of(Route.post("/v1/encode", this::encode), Route.post("/v1/score", this::score));
    }

    private void encode(Exchange exchange) {
        EncodeRequest request = EncodeRequest.read(exchange.body());
        EncodeOptions.Builder what = EncodeOptions.builder().outputs(request.outputs())
                .normalize(request.normalize());
        texts.keepDimensions(what, request.dimensions());
        Encoded encoded = texts.encode(exchange, "inputs", request.inputs(), request.options(),
                request.maxLength(),
                what);
        exchange.json(json -> {
            begin(json);
            json.writeArrayPropertyStart("results");
            for (int i = 0; i < encoded.embeddings().size(); i++) {
                json.writeStartObject();
                json.writeNumberProperty("index", i);
                length(json, encoded.texts().get(i));
                outputs(json, encoded.embeddings().get(i), encoded.texts().get(i), request);
                json.writeEndObject();
            }
            json.writeEndArray();
            end(json, encoded);
        });
    }

    private void outputs(JsonGenerator json, Embedding embedding, TextInput.Tokens text,
            EncodeRequest request) {
        if (embedding.has(Output.DENSE)) {
            json.writeName("dense");
            VectorJson.floats(json, embedding.dense().values(), 0, embedding.dense().dimension());
        }
        if (embedding.has(Output.SPARSE)) {
            sparse(json, embedding.lexicalWeights(), request.tokens());
        }
        if (embedding.has(Output.COLBERT)) {
            colbert(json, embedding.colbert(), request.colbertFormat());
            if (request.tokens()) {
                // ColBERT has a row for each token except the first.
                json.writeArrayPropertyStart("colbert_tokens");
                int[] ids = text.tokenIds();
                for (int i = 1; i < ids.length; i++) {
                    json.writeString(tokenizer.decode(ids[i]));
                }
                json.writeEndArray();
            }
        }
    }

    private void sparse(JsonGenerator json, LexicalWeights weights, boolean named) {
        json.writeObjectPropertyStart("sparse");
        json.writeName("indices");
        json.writeArray(weights.tokenIds(), 0, weights.size());
        json.writeName("values");
        VectorJson.floats(json, weights.weights(), 0, weights.size());
        if (named) {
            json.writeArrayPropertyStart("tokens");
            for (int id : weights.tokenIds()) {
                json.writeString(tokenizer.decode(id));
            }
            json.writeEndArray();
        }
        json.writeEndObject();
    }

    private static void colbert(JsonGenerator json, ColbertVectors vectors, ColbertFormat format) {
        json.writeName("colbert");
        if (format == ColbertFormat.FLOAT) {
            VectorJson.rows(json, vectors.values(), vectors.rows(), vectors.dimension());
            return;
        }
        json.writeStartObject();
        json.writeName("shape");
        json.writeArray(new int[]{vectors.rows(), vectors.dimension()}, 0, 2);
        json.writeStringProperty("dtype", format == ColbertFormat.BASE64_FP16 ? "fp16" : "fp32");
        json.writeName("data");
        if (format == ColbertFormat.BASE64_FP16) {
            VectorJson.base64Fp16(json, vectors.values());
        } else {
            VectorJson.base64Fp32(json, vectors.values());
        }
        json.writeEndObject();
    }

    private void score(Exchange exchange) {
        ScoreRequest request = ScoreRequest.read(exchange.body());
        texts.countWithin("passages", request.passages().size());
        Encoded encoded = texts.encode(exchange,
                new Comparison(request.query(), request.passages()), request.options(), request.maxLength(),
                EncodeOptions.builder().outputs(Output.DENSE, Output.SPARSE, Output.COLBERT));
        Embedding query = encoded.embeddings().getFirst();
        exchange.json(json -> {
            begin(json);
            json.writeName("weights");
            json.writeArray(new double[]{request.weights().dense(), request.weights().sparse(),
                    request.weights().colbert()}, 0, 3);
            json.writeObjectPropertyStart("query");
            length(json, encoded.texts().getFirst());
            json.writeEndObject();
            json.writeArrayPropertyStart("scores");
            for (int i = 0; i < request.passages().size(); i++) {
                json.writeStartObject();
                json.writeNumberProperty("index", i);
                length(json, encoded.texts().get(i + 1));
                PairScores.of(query, encoded.embeddings().get(i + 1), request.weights()).asMap()
                        .forEach(json::writeNumberProperty);
                json.writeEndObject();
            }
            json.writeEndArray();
            end(json, encoded);
        });
    }

    private void begin(JsonGenerator json) {
        json.writeStartObject();
        json.writeStringProperty("model", modelName);
    }

    private static void length(JsonGenerator json, TextInput.Tokens text) {
        json.writeNumberProperty("token_count", text.tokenCount());
        json.writeNumberProperty("full_token_count", text.fullTokenCount());
        json.writeBooleanProperty("truncated", text.truncated());
    }

    private static void end(JsonGenerator json, Encoded encoded) {
        long tokens = encoded.texts().stream().mapToLong(TextInput.Tokens::tokenCount).sum();
        json.writeObjectPropertyStart("usage");
        json.writeNumberProperty("tokens", tokens);
        json.writeEndObject();
        json.writeEndObject();
    }
}
