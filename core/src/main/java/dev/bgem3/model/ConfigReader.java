package dev.bgem3.model;

import dev.bgem3.error.ModelException;
import dev.bgem3.json.JsonObject;
import dev.bgem3.text.Messages;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/** Reads the members of a {@code config.json}; errors name file, key, value and what was expected. */
public final class ConfigReader {
    /** The default of {@code transformers}' configuration classes. */
    private static final double DEFAULT_EPSILON = 1e-12;

    private final Path file;
    private final JsonObject json;

    ConfigReader(Path file, JsonObject json) {
        this.file = file;
        this.json = json;
    }

    /** Returns a string, which must be one of {@code expected}. */
    String oneOf(String key, List<String> expected) {
        String found = json.string(key).orElseThrow(() -> unexpected(key, "absent", expected));
        if (!expected.contains(found)) {
            throw unexpected(key, "\"" + Messages.printable(found) + "\"", expected);
        }
        return found;
    }

    private ModelException unexpected(String key, String found, List<String> expected) {
        return error(key + ": " + found + " (expected: \"" + String.join("\" or \"", expected) + "\")");
    }

    /** Throws unless a string is present and has this value. */
    void require(String key, String expected) {
        oneOf(key, List.of(expected));
    }

    /** Throws if a string is present and has another value. */
    void requireUnlessAbsent(String key, String expected) {
        if (json.string(key).isPresent()) {
            require(key, expected);
        }
    }

    /** Returns a whole number in a range. */
    int size(String key, int min, int max) {
        OptionalLong value = json.integer(key);
        if (value.isEmpty()) {
            throw error(key + ": absent (expected: " + min + ".." + max + ")");
        }
        if (value.getAsLong() < min || value.getAsLong() > max) {
            throw error(key + ": " + value.getAsLong() + " (expected: " + min + ".." + max + ")");
        }
        return (int) value.getAsLong();
    }

    /** Returns a whole number in a range, or {@code otherwise} if it is absent. */
    int size(String key, int min, int max, int otherwise) {
        return json.integer(key).isPresent() ? size(key, min, max) : otherwise;
    }

    /** Returns the number that a layer norm adds to the variance. */
    float epsilon(String key) {
        double epsilon = json.number(key).orElse(DEFAULT_EPSILON);
        // An epsilon that rounds to 0 in fp32 would lead to a division by 0.
        if (!((float) epsilon > 0 && epsilon < 1)) {
            throw error(key + ": " + epsilon + " (expected: above 0, below 1)");
        }
        return (float) epsilon;
    }

    /** Returns the exception for an error in the file. */
    ModelException error(String message) {
        return new ModelException(file + ": " + message);
    }
}
