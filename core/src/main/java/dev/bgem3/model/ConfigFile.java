package dev.bgem3.model;

import dev.bgem3.error.BackendException;
import dev.bgem3.error.ModelException;
import dev.bgem3.json.Json;
import dev.bgem3.json.JsonArray;
import dev.bgem3.json.JsonException;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonValue;
import dev.bgem3.text.FileStart;
import dev.bgem3.text.Messages;
import dev.bgem3.text.TooManyOpenFilesException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.function.Function;

/** Reads the small JSON files of a model folder; every error names the file. */
final class ConfigFile {
    private static final long MAX_BYTES = 16 << 20;

    private ConfigFile() {}

    /**
     * Returns the result of {@code reading} for the object in the file.
     *
     * @throws ModelException
     *             if the file is not a regular file, is too large or unreadable or not a JSON object, or
     *             {@code reading} finds a value of the wrong type
     * @throws BackendException
     *             if the process may not open more files
     */
    static <T> T read(Path file, Function<JsonObject, T> reading) {
        return parse(file, content(file), reading);
    }

    /** Does the same as {@link #read} for a file that contains an array. */
    static <T> T readArray(Path file, Function<JsonArray, T> reading) {
        return parse(file, content(file), JsonArray.class, "a JSON array", reading);
    }

    private static byte[] content(Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            // Reading a pipe would block, and a device has no size.
            if (!attributes.isRegularFile()) {
                throw new ModelException(
                        file + ": found a " + (attributes.isDirectory() ? "directory" : "special file")
                                + " (expected: a regular file)");
            }
            if (attributes.size() > MAX_BYTES) {
                throw new ModelException(
                        file + ": " + attributes.size() + " bytes (expected: at most " + MAX_BYTES + ")");
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            IOException why = TooManyOpenFilesException.explain(e);
            String message = file + ": cannot be read: " + Messages.reason(why);
            throw why instanceof TooManyOpenFilesException
                    ? new BackendException(message, why)
                    : new ModelException(message, why);
        }
    }

    /** Does the same as {@link #read} for content that has already been read. */
    static <T> T parse(Path file, byte[] content, Function<JsonObject, T> reading) {
        return parse(file, content, JsonObject.class, "a JSON object", reading);
    }

    private static <V extends JsonValue, T> T parse(Path file, byte[] content, Class<V> type, String name,
            Function<V, T> reading) {
        try {
            JsonValue value = Json.parse(content);
            if (!type.isInstance(value)) {
                throw new ModelException(file + ": not " + name);
            }
            return reading.apply(type.cast(value));
        } catch (JsonException e) {
            throw new ModelException(
                    file + ": " + FileStart.inPlaceOf(content, FileStart.TEXT).orElseGet(e::getMessage), e);
        }
    }
}
