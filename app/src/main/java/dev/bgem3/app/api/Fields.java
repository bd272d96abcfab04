package dev.bgem3.app.api;

import dev.bgem3.TextInput;
import dev.bgem3.app.api.InvalidRequestException.Fault;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * The fields of a JSON object, with type-checked access. A field that is {@code null} counts as missing.
 */
public final class Fields {
    private static final int MAX_SHOWN = 40;

    private final JsonNode object;
    private final String path;

    Fields(JsonNode object, String path) {
        this.object = object;
        this.path = path;
    }

    /** Rejects any other field, so that a misspelled field is an error instead of a default. */
    public Fields only(String... names) {
        Set<String> known = Set.of(names);
        for (String name : object.propertyNames()) {
            if (!known.contains(name)) {
                throw invalid(path + name,
                        "unknown field (expected: one of " + String.join(", ", names) + ")");
            }
        }
        return this;
    }

    /** Returns whether the field exists. */
    public boolean has(String name) {
        return object.hasNonNull(name);
    }

    /** Returns a required string. */
    public String string(String name) {
        return string(required(name, "a string"), path + name);
    }

    /** Returns an optional string. */
    public Optional<String> optionalString(String name) {
        return has(name) ? Optional.of(string(name)) : Optional.empty();
    }

    /** Returns an optional boolean. */
    public Optional<Boolean> optionalFlag(String name) {
        if (!has(name)) {
            return Optional.empty();
        }
        JsonNode value = object.get(name);
        if (!value.isBoolean()) {
            throw invalid(path + name, kind(value) + " (expected: true or false)");
        }
        return Optional.of(value.booleanValue());
    }

    /** Returns a boolean, or its default if the field is missing. */
    public boolean flag(String name, boolean defaultValue) {
        return optionalFlag(name).orElse(defaultValue);
    }

    /** Returns an optional integer of at least {@code min}. */
    public OptionalInt optionalInt(String name, int min) {
        if (!has(name)) {
            return OptionalInt.empty();
        }
        JsonNode value = object.get(name);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < min) {
            throw invalid(path + name,
                    shown(value) + " (expected: a whole number of at least " + min + ")");
        }
        return OptionalInt.of(value.intValue());
    }

    /**
     * Returns an enum value, whose name must be in lower case unless {@code anyCase}; the first of {@code
     * words} if the field is missing.
     */
    public <E extends Enum<E>> E word(String name, boolean anyCase, List<E> words) {
        if (!has(name)) {
            return words.getFirst();
        }
        String given = string(name);
        return words.stream()
                .filter(word -> anyCase
                        ? word.name().equalsIgnoreCase(given)
                        : word.name().toLowerCase(Locale.ROOT).equals(given))
                .findFirst()
                .orElseThrow(() -> invalid(path + name, "\"" + shortened(given) + "\" (expected: one of "
                        + String.join(", ",
                                words.stream().map(word -> word.name().toLowerCase(Locale.ROOT)).toList())
                        + ")"));
    }

    /** Returns an object; without fields if it is missing and not required. */
    public Fields object(String name, boolean required) {
        if (!required && !has(name)) {
            return new Fields(JsonNodeFactory.instance.objectNode(), path + name + ".");
        }
        JsonNode value = required(name, "an object");
        if (!value.isObject()) {
            throw invalid(path + name, kind(value) + " (expected: an object)");
        }
        return new Fields(value, path + name + ".");
    }

    /** Returns a required list of strings. */
    public List<String> strings(String name) {
        return list(name, "a list of strings", Fields::string);
    }

    /**
     * Returns a required text, with its path as its place.
     *
     * @param kind
     *            creates a text of a kind, such as a query
     */
    public TextInput.Text text(String name, Function<String, TextInput.Text> kind) {
        return kind.apply(string(name)).withPlace(path + name);
    }

    /** Returns a required list of texts, each with its path as its place. */
    public List<TextInput.Text> texts(String name, Function<String, TextInput.Text> kind) {
        return list(name, "a list of strings", (item, at) -> kind.apply(string(item, at)).withPlace(at));
    }

    /**
     * Returns a required list of texts, which may be objects with a field {@code text}, as Cohere and Jina
     * have them. Each has its path as its place.
     */
    public List<TextInput.Text> documents(String name, Function<String, TextInput.Text> role) {
        return list(name, "a list of strings, or of objects with a text", (item, at) -> {
            if (item.isObject()) {
                return new Fields(item, at + ".").text("text", role);
            }
            if (!item.isString()) {
                throw invalid(at, kind(item) + " (expected: a string, or an object with a text)");
            }
            return role.apply(string(item, at)).withPlace(at);
        });
    }

    /** Returns an optional list of numbers. */
    public Optional<List<Double>> optionalNumbers(String name) {
        return has(name) ? Optional.of(list(name, "a list of numbers", Fields::number)) : Optional.empty();
    }

    /**
     * Returns texts or token ids, each with its path as its place. The field is one of them or a list, as in
     * text-embeddings-inference and OpenAI's API.
     */
    public List<TextInput> inputs(String name) {
        String expected = "a string, a list of token ids, or a list of strings or of lists of token ids";
        JsonNode value = required(name, expected);
        if (value.isString()) {
            return List.of(TextInput.of(string(value, path + name)).withPlace(path + name));
        }
        if (!value.isArray()) {
            throw invalid(path + name, kind(value) + " (expected: " + expected + ")");
        }
        if (!value.isEmpty() && value.get(0).isNumber()) {
            return List.of(tokenIds(value, path + name));
        }
        return list(name, expected, Fields::input);
    }

    /** Returns lists of token ids, from one list or a list of lists, each with its path as its place. */
    public List<TextInput.Tokens> tokenIdLists(String name) {
        String expected = "a list of token ids, or a list of such lists";
        JsonNode value = required(name, expected);
        if (value.isArray() && !value.isEmpty() && value.get(0).isNumber()) {
            return List.of(tokenIds(value, path + name));
        }
        return list(name, expected, (item, at) -> {
            if (!item.isArray()) {
                throw invalid(at, kind(item) + " (expected: " + expected + ")");
            }
            return tokenIds(item, at);
        });
    }

    private <T> List<T> list(String name, String expected, BiFunction<JsonNode, String, T> read) {
        JsonNode value = required(name, expected);
        if (!value.isArray()) {
            throw invalid(path + name, kind(value) + " (expected: " + expected + ")");
        }
        List<T> items = new ArrayList<>(value.size());
        for (JsonNode item : value.values()) {
            items.add(read.apply(item, path + name + "[" + items.size() + "]"));
        }
        return items;
    }

    private JsonNode required(String name, String expected) {
        if (!has(name)) {
            throw invalid(path + name, "missing (expected: " + expected + ")");
        }
        return object.get(name);
    }

    private static TextInput input(JsonNode value, String at) {
        if (value.isArray()) {
            return tokenIds(value, at);
        }
        if (!value.isString()) {
            throw invalid(at, kind(value) + " (expected: a string or a list of token ids)");
        }
        return TextInput.of(string(value, at)).withPlace(at);
    }

    private static TextInput.Tokens tokenIds(JsonNode list, String at) {
        int[] ids = new int[list.size()];
        int count = 0;
        for (JsonNode id : list.values()) {
            if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
                throw invalid(at + "[" + count + "]", shown(id) + " (expected: a token id)");
            }
            ids[count++] = id.intValue();
        }
        return TextInput.ofTokens(ids).withPlace(at);
    }

    static String string(JsonNode value, String at) {
        if (!value.isString()) {
            throw invalid(at, kind(value) + " (expected: a string)");
        }
        return value.stringValue();
    }

    private static double number(JsonNode value, String at) {
        if (!value.isNumber()) {
            throw invalid(at, kind(value) + " (expected: a number)");
        }
        return value.doubleValue();
    }

    static InvalidRequestException invalid(String at, String what) {
        return new InvalidRequestException(Fault.VALIDATION, at + ": " + what);
    }

    private static String shown(JsonNode value) {
        return value.isNumber() ? shortened(value.asString()) : kind(value);
    }

    static String shortened(String text) {
        return text.length() <= MAX_SHOWN ? text : text.substring(0, MAX_SHOWN) + "…";
    }

    static String kind(JsonNode value) {
        return switch (value.getNodeType()) {
            case ARRAY -> "a list";
            case OBJECT, POJO -> "an object";
            case STRING, BINARY -> "a string";
            case NUMBER -> "a number";
            case BOOLEAN -> "a boolean";
            case NULL -> "null";
            case MISSING -> "nothing";
        };
    }
}
