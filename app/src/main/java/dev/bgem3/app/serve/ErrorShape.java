package dev.bgem3.app.serve;

import tools.jackson.core.JsonGenerator;

/** The JSON formats of errors. */
enum ErrorShape {
    /** The format of text-embeddings-inference: {@code {"error": "…", "error_type": "Validation"}}. */
    TEI {
        @Override
        void write(JsonGenerator json, Refusal refusal) {
            json.writeStartObject();
            json.writeStringProperty("error", refusal.message());
            json.writeStringProperty("error_type", refusal.kind().label());
            json.writeEndObject();
        }
    },
    /**
     * OpenAI's {@code {"error": {"message", "type", "param", "code"}}}, and for clients of
     * text-embeddings-inference its {@code message}, {@code code} and {@code type}.
     */
    OPENAI {
        @Override
        void write(JsonGenerator json, Refusal refusal) {
            json.writeStartObject();
            json.writeObjectPropertyStart("error");
            json.writeStringProperty("message", refusal.message());
            json.writeStringProperty("type", openAiType(refusal.kind()));
            json.writeNullProperty("param");
            json.writeStringProperty("code", refusal.kind().label());
            json.writeEndObject();
            json.writeStringProperty("message", refusal.message());
            json.writeNumberProperty("code", refusal.kind().status());
            json.writeStringProperty("type", refusal.kind().label());
            json.writeEndObject();
        }
    };

    /** Returns the format for a path without a route: OpenAI's where clients of such interfaces look. */
    static ErrorShape of(String path) {
        return path.startsWith("/v1/") || path.startsWith("/v2/") || path.equals("/embeddings")
                ? OPENAI
                : TEI;
    }

    abstract void write(JsonGenerator json, Refusal refusal);

    private static String openAiType(Refusal.Kind kind) {
        return switch (kind) {
            case SYNTAX, EMPTY, NOT_FOUND, METHOD, SLOW_CLIENT, TOO_LARGE, VALIDATION, TOKENIZER,
                    CLIENT_LEFT ->
                "invalid_request_error";
            case UNAUTHORIZED -> "authentication_error";
            case OVERLOADED -> "rate_limit_error";
            case BACKEND, UNEXPECTED, UNHEALTHY, TIMEOUT -> "server_error";
        };
    }
}
