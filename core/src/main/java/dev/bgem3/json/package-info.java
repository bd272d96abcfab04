/**
 * A small strict reader and writer of JSON (RFC 8259), for the configuration and index files of a model
 * folder.
 *
 * <p>
 * {@link dev.bgem3.json.Json} parses and writes; the sealed {@link dev.bgem3.json.JsonValue} is what stands
 * between. Strict means: no comments, no trailing commas, no NaN, no byte order mark, no key twice in one
 * object, no more than 512 levels and 2,097,152 values. Values are immutable and may be shared between
 * threads; no argument may be null. Every fault of the text is a {@link dev.bgem3.error.JsonException} that
 * gives line and column, counted from 1 (columns in UTF-16 units); a value of another type than a getter of
 * {@link dev.bgem3.json.JsonObject} expects is one that gives the key.
 */
package dev.bgem3.json;
