package dev.bgem3;

import dev.bgem3.json.Json;
import dev.bgem3.json.JsonArray;
import dev.bgem3.json.JsonNumber;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonString;
import dev.bgem3.json.JsonValue;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/** Reads the results of the reference implementations, which are JSON files among the fixtures. */
final class Goldens {
    private Goldens() {}

    static JsonObject read(String name) {
        try {
            return (JsonObject) Json.parse(Files.readAllBytes(Fixtures.FOLDER.resolve(name)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<JsonObject> objects(JsonObject object, String key) {
        List<JsonObject> objects = new ArrayList<>();
        object.array(key).orElseThrow().elements().forEach(value -> objects.add((JsonObject) value));
        return objects;
    }

    static JsonArray row(JsonObject object, String key, int row) {
        return (JsonArray) object.array(key).orElseThrow().elements().get(row);
    }

    static float at(JsonObject object, String key, int index) {
        return toFloat(object.array(key).orElseThrow().elements().get(index));
    }

    static List<String> strings(JsonArray array) {
        return array.elements().stream().map(value -> ((JsonString) value).value()).toList();
    }

    static int[] ints(JsonArray array) {
        return array.elements().stream().mapToInt(value -> (int) ((JsonNumber) value).asLong()).toArray();
    }

    static float[] floats(JsonArray array) {
        float[] floats = new float[array.elements().size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = toFloat(array.elements().get(i));
        }
        return floats;
    }

    static float toFloat(JsonValue value) {
        return (float) ((JsonNumber) value).asDouble();
    }
}
