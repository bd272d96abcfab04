package dev.bgem3.app.serve;

import dev.bgem3.Device;
import dev.bgem3.ModelInfo;
import dev.bgem3.Precision;
import tools.jackson.core.JsonGenerator;

/**
 * The route {@code GET /info}: text-embeddings-inference's description of the model, with its outputs and
 * prompts.
 *
 * @param info
 *            the model's properties
 * @param identity
 *            the model's name
 * @param options
 *            the server's options
 */
record ModelRoute(ModelInfo info, Identity identity, ServeOptions options) {
    private static final int CPU_BATCH_TOKENS = 4096;

    Route route() {
        return Route.get("/info", this::info);
    }

    private void info(Exchange exchange) {
        exchange.json(json -> {
            json.writeStartObject();
            json.writeStringProperty("model_id", identity.modelName());
            json.writeNullProperty("model_sha");
            json.writeStringProperty("model_dtype", dtype(info.precision()));
            json.writeStringProperty("served_model_name", identity.modelName());
            json.writeObjectPropertyStart("model_type");
            kind(json);
            json.writeEndObject();
            json.writeNumberProperty("max_concurrent_requests", options.maxConcurrentRequests());
            json.writeNumberProperty("max_input_length", info.defaultMaxLength());
            json.writeName("max_batch_tokens");
            if (options.maxBatchTokens().isEmpty() && !info.devices().contains(Device.CPU)) {
                json.writeNull(); // The GPU's memory is the limit.
            } else {
                json.writeNumber(options.maxBatchTokens().orElse(CPU_BATCH_TOKENS));
            }
            json.writeNullProperty("max_batch_requests");
            json.writeNumberProperty("max_client_batch_size", options.maxClientBatchSize());
            json.writeBooleanProperty("auto_truncate", options.autoTruncate());
            // Each connection's thread tokenizes its texts.
            json.writeNumberProperty("tokenization_workers", Runtime.getRuntime().availableProcessors());
            json.writeArrayPropertyStart("outputs");
            info.outputs().stream().sorted().forEach(output -> json.writeString(output.label()));
            json.writeEndArray();
            json.writeStringProperty("query_prompt", info.queryPrompt());
            json.writeStringProperty("passage_prompt", info.passagePrompt());
            json.writeStringProperty("version", identity.version());
            json.writeNullProperty("sha");
            json.writeNullProperty("docker_label");
            json.writeEndObject();
        });
    }

    private void kind(JsonGenerator json) {
        if (info.scoreLabel().isEmpty()) {
            json.writeObjectPropertyStart("embedding");
            json.writeStringProperty("pooling", info.pooling().label());
        } else {
            json.writeObjectPropertyStart("reranker");
            json.writeObjectPropertyStart("id2label");
            json.writeStringProperty("0", info.scoreLabel().get());
            json.writeEndObject();
            json.writeObjectPropertyStart("label2id");
            json.writeNumberProperty(info.scoreLabel().get(), 0);
            json.writeEndObject();
        }
        json.writeEndObject();
    }

    /** Returns PyTorch's name for the precision. */
    private static String dtype(Precision precision) {
        return switch (precision) {
            case AUTO, FP32 -> "float32";
            case FP16 -> "float16";
            case BF16 -> "bfloat16";
            case INT8 -> "int8";
        };
    }
}
