package dev.bgem3.json;

/** {@code null}. */
public record JsonNull() implements JsonValue {
    @Override
    public String describe() {
        return "null";
    }
}
