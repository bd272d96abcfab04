package dev.bgem3.app.api;

import dev.bgem3.Output;
import dev.bgem3.TextInput;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The request of {@code POST /v1/encode}: any of the outputs in one pass.
 *
 * @param inputs
 *            {@code inputs}
 * @param outputs
 *            {@code outputs}: {@code dense}, {@code sparse}, {@code colbert}; only dense by default
 * @param tokens
 *            {@code tokens}: whether the response also has the names of tokens
 * @param colbertFormat
 *            {@code colbert_format}
 * @param normalize
 *            {@code normalize}: whether dense vectors are divided by their length
 * @param dimensions
 *            {@code dimensions}: the number of leading dimensions of dense vectors to keep
 * @param maxLength
 *            {@code max_length}: the maximum number of tokens in a text; the rest is cut off
 * @param options
 *            {@code truncate}, {@code truncation_direction}, {@code prompt_name}
 */
public record EncodeRequest(List<TextInput> inputs, Set<Output> outputs, boolean tokens,
        ColbertFormat colbertFormat,
        boolean normalize, OptionalInt dimensions, OptionalInt maxLength, TextOptions options) {
    private static final List<Output> OUTPUTS = List.of(Output.DENSE, Output.SPARSE, Output.COLBERT);

    /** The formats of ColBERT vectors. */
    public enum ColbertFormat {
        /** A list of lists of numbers. */
        FLOAT,
        /** Their shape, and the base64 of little-endian fp32. */
        BASE64_FP32,
        /** Their shape, and the base64 of little-endian fp16. */
        BASE64_FP16
    }

    /** Reads a body; unknown fields are errors. */
    public static EncodeRequest read(Fields fields) {
        fields.only("inputs", "outputs", "tokens", "colbert_format", "normalize", "dimensions", "max_length",
                "truncate",
                "truncation_direction", "prompt_name");
        return new EncodeRequest(fields.inputs("inputs"), outputs(fields), fields.flag("tokens", false),
                fields.word("colbert_format", false, List.of(ColbertFormat.values())),
                fields.flag("normalize", true),
                fields.optionalInt("dimensions", 1), fields.optionalInt("max_length", 2),
                TextOptions.read(fields));
    }

    private static Set<Output> outputs(Fields fields) {
        if (!fields.has("outputs")) {
            return EnumSet.of(Output.DENSE);
        }
        Set<Output> outputs = EnumSet.noneOf(Output.class);
        for (String label : fields.strings("outputs")) {
            outputs.add(OUTPUTS.stream().filter(output -> output.label().equals(label)).findFirst()
                    .orElseThrow(() -> Fields.invalid("outputs",
                            "\"" + Fields.shortened(label) + "\" (expected: some of "
                                    + OUTPUTS.stream().map(Output::label).collect(Collectors.joining(", "))
                                    + ")")));
        }
        if (outputs.isEmpty()) {
            throw Fields.invalid("outputs", "empty (expected: at least one of dense, sparse, colbert)");
        }
        return outputs;
    }
}
