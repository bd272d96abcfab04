package dev.bgem3.json;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.testsupport.Mutator;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class JsonFuzzTest {
    private static final List<byte[]> SEEDS = List.of(
            "{\"model_type\": \"xlm-roberta\", \"hidden_size\": 1024, \"layer_norm_eps\": 1e-05,"
                    + " \"x\": [true, null, -1.5]}",
            "[\"\\u00e9\\uD83D\\uDE00\\n\", \"漢字\", {\"a\": {\"b\": [[[]]]}}, 0, -0.0e+10, false]",
            "{\"__metadata__\":{\"format\":\"pt\"},"
                    + "\"w\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[0,12]}}")
            .stream().map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();

    @Test
    void parsesOrThrowsItsOwnException() {
        int[] parsed = new int[1];
        Mutator.fuzz("JSON", 30_000, SEEDS, input -> {
            try {
                JsonValue value = Json.parse(input);
                assertThat(Json.parse(Json.write(value).getBytes(StandardCharsets.UTF_8))).isEqualTo(value);
                parsed[0]++;
            } catch (JsonException e) {
                assertThat(e).hasMessageMatching("(?s)line \\d+, column \\d+: found .* \\(expected: .*\\)");
            }
        });
        assertThat(parsed[0]).as("mutations that are still JSON: the fuzzing must get past the parser")
                .isPositive();
    }
}
