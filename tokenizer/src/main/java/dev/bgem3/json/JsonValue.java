package dev.bgem3.json;

/**
 * Any JSON value: a tree of these is what {@link Json#parse} answers and {@link Json#write} takes.
 */
public sealed interface JsonValue
        permits JsonObject, JsonArray, JsonString, JsonNumber, JsonBoolean, JsonNull {
    /** What the value is, in words for a message: {@code "the string \"gelu\""}, {@code "an array"}. */
    String describe();
}
