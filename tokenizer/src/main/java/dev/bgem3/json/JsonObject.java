package dev.bgem3.json;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.function.Function;

/**
 * An object, with its members in the order of the text and each key once.
 *
 * <p>
 * The typed getters return empty if the key is absent or its value is {@code null}, because model
 * configurations use the two interchangeably. They throw a {@link JsonException} that names the key if the
 * value has another type.
 */
public record JsonObject(SequencedMap<String, JsonValue> members) implements JsonValue {
    /** Copies the map. */
    public JsonObject {
        members = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(members));
    }

    /** Returns the value of {@code key}, of any type and possibly {@link JsonNull}. */
    public Optional<JsonValue> get(String key) {
        return Optional.ofNullable(members.get(key));
    }

    /** Returns the string under {@code key}. */
    public Optional<String> string(String key) {
        return typed(key, JsonString.class, "a string").map(JsonString::value);
    }

    /** Returns the boolean under {@code key}. */
    public Optional<Boolean> bool(String key) {
        return typed(key, JsonBoolean.class, "true or false").map(JsonBoolean::value);
    }

    /** Returns the integer under {@code key}, exactly. */
    public OptionalLong integer(String key) {
        Optional<Long> value = number(key, JsonNumber::asLong, "a whole number");
        return value.isPresent() ? OptionalLong.of(value.get()) : OptionalLong.empty();
    }

    /** Returns the number under {@code key}. */
    public OptionalDouble number(String key) {
        Optional<Double> value = number(key, JsonNumber::asDouble, "a number");
        return value.isPresent() ? OptionalDouble.of(value.get()) : OptionalDouble.empty();
    }

    /** Returns the object under {@code key}. */
    public Optional<JsonObject> object(String key) {
        return typed(key, JsonObject.class, "an object");
    }

    /** Returns the array under {@code key}. */
    public Optional<JsonArray> array(String key) {
        return typed(key, JsonArray.class, "an array");
    }

    @Override
    public String describe() {
        return "an object";
    }

    private <T> Optional<T> number(String key, Function<JsonNumber, T> reading, String expected) {
        return typed(key, JsonNumber.class, expected).map(number -> {
            try {
                return reading.apply(number);
            } catch (JsonException e) {
                throw new JsonException(Json.quote(key) + ": " + e.getMessage(), e);
            }
        });
    }

    private <T extends JsonValue> Optional<T> typed(String key, Class<T> type, String expected) {
        JsonValue value = members.get(key);
        if (value == null || value instanceof JsonNull) {
            return Optional.empty();
        }
        if (!type.isInstance(value)) {
            throw new JsonException(
                    Json.quote(key) + ": found " + value.describe() + " (expected: " + expected + ")");
        }
        return Optional.of(type.cast(value));
    }
}
