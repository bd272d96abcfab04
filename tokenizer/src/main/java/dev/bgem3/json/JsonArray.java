package dev.bgem3.json;

import java.util.List;

/** An array, its elements in the order of the text. */
public record JsonArray(List<JsonValue> elements) implements JsonValue {
    /** A copy of the list, which holds no null. */
    public JsonArray {
        elements = List.copyOf(elements);
    }

    @Override
    public String describe() {
        return "an array";
    }
}
