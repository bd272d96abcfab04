package dev.bgem3.json;

/** {@code true} or {@code false}. */
public record JsonBoolean(boolean value) implements JsonValue {
    @Override
    public String describe() {
        return Boolean.toString(value);
    }
}
