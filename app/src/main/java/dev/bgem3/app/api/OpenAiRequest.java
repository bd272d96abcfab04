package dev.bgem3.app.api;

import dev.bgem3.TextInput;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The request of OpenAI's {@code POST /v1/embeddings}.
 *
 * @param inputs
 *            {@code input}
 * @param model
 *            {@code model}: any name is accepted, and repeated in the response
 * @param format
 *            {@code encoding_format}
 * @param dimensions
 *            {@code dimensions}: the number of leading dimensions to keep
 */
public record OpenAiRequest(List<TextInput> inputs, Optional<String> model, Format format,
        OptionalInt dimensions) {
    /** The formats of vectors. */
    public enum Format {
        /** A list of numbers. */
        FLOAT,
        /** The base64 of little-endian fp32. */
        BASE64
    }

    /** Reads a body. */
    public static OpenAiRequest read(Fields fields) {
        return new OpenAiRequest(fields.inputs("input"), fields.optionalString("model"),
                fields.word("encoding_format", false, List.of(Format.values())),
                fields.optionalInt("dimensions", 1));
    }
}
