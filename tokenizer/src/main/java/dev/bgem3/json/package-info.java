/**
 * A small strict reader and writer of JSON (RFC 8259), for the configuration and index files of a model
 * folder and for a tokenizer's vocabulary. Exported to the module {@code dev.bgem3.core} alone.
 *
 * <p>
 * {@link dev.bgem3.json.Json} parses small files into a tree of {@link dev.bgem3.json.JsonValue} and writes
 * one; {@link dev.bgem3.json.JsonReader}, which {@code Json} stands on, reads large files element by
 * element. Strict means: no comments, no trailing commas, no NaN, no byte order mark, no key twice in one
 * object, and bounds on nesting and on the number of values; {@link dev.bgem3.json.JsonRules} says where
 * the two uses differ. Values are immutable and may be shared between threads; no argument may be null.
 * Every fault of the text is a {@link dev.bgem3.json.JsonException} that gives its place; a value of
 * another type than a getter of {@link dev.bgem3.json.JsonObject} expects is one that gives the key.
 */
package dev.bgem3.json;
