/**
 * A small strict reader and writer of JSON (RFC 8259), for the configuration and index files of a model
 * folder and for a tokenizer's vocabulary. Exported to the module {@code dev.bgem3.core} alone.
 *
 * <p>
 * {@link dev.bgem3.json.Json} parses small files into a tree of {@link dev.bgem3.json.JsonValue} and writes
 * such a tree. It is built on {@link dev.bgem3.json.JsonReader}, which reads large files element by element.
 * Strict means: no comments, no trailing commas, no NaN, no byte order mark, no repeated key in an object,
 * and limits on the nesting and the number of values; {@link dev.bgem3.json.JsonRules} says where the two
 * uses differ. Values are immutable and may be shared between threads; no argument may be null. Invalid text
 * throws a {@link dev.bgem3.json.JsonException} with the position of the error; a getter of
 * {@link dev.bgem3.json.JsonObject} that finds a value of another type throws one with the key.
 */
package dev.bgem3.json;
