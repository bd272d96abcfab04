package dev.bgem3.json;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.testsupport.Seeds;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;

class JsonPropertyTest {
    @Test
    void writtenValuesReadBackEqual() {
        long seed = Seeds.seed("JSON round trip");
        Random random = new Random(seed);
        for (int i = 0; i < 5_000; i++) {
            JsonValue value = value(random, 5);
            String text = Json.write(value);
            String message = "-Dbgem3.seed=" + seed + ": " + text;
            assertThat(Json.parse(text.getBytes(StandardCharsets.UTF_8))).as(message).isEqualTo(value);
        }
    }

    private static JsonValue value(Random random, int depth) {
        return switch (random.nextInt(depth > 0 ? 7 : 5)) {
            case 0 -> new JsonNull();
            case 1 -> new JsonBoolean(random.nextBoolean());
            case 2 -> JsonNumber.of(random.nextLong() >> random.nextInt(64));
            case 3 -> new JsonNumber(Double.toString(finite(random)));
            case 4 -> new JsonString(string(random));
            case 5 -> {
                List<JsonValue> elements = new ArrayList<>();
                for (int i = random.nextInt(5); i > 0; i--) {
                    elements.add(value(random, depth - 1));
                }
                yield new JsonArray(elements);
            }
            default -> {
                SequencedMap<String, JsonValue> members = new LinkedHashMap<>();
                for (int i = random.nextInt(5); i > 0; i--) {
                    members.put(string(random), value(random, depth - 1));
                }
                yield new JsonObject(members);
            }
        };
    }

    private static double finite(Random random) {
        double value = Double.longBitsToDouble(random.nextLong());
        return Double.isFinite(value) ? value : 0.5;
    }

    private static String string(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(8); i > 0; i--) {
            text.append((char) (random.nextInt(0x10000) >> random.nextInt(12)));
        }
        return text.toString();
    }
}
