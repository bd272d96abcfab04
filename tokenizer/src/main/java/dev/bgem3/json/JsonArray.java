package dev.bgem3.json;

import java.util.List;

/** An array, with its elements in the order of the text. */
public record JsonArray(List<JsonValue> elements) implements JsonValue {
    /** Copies the list, which must not contain null. */
    public JsonArray {
        elements = List.copyOf(elements);
    }

    @Override
    public String describe() {
        return "an array";
    }
}
