package dev.bgem3.json;

/** Any JSON value; {@link Json#parse} returns a tree of them and {@link Json#write} takes one. */
public sealed interface JsonValue
        permits JsonObject, JsonArray, JsonString, JsonNumber, JsonBoolean, JsonNull {
    /** Describes the value for a message, for example {@code the string "gelu"} or {@code an array}. */
    String describe();
}
