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
 * The fields of a JSON object, each read as the type that it must have. A field that is {@code null} is one
 * that is not there.
 */
public final class Fields {
    private final JsonNode object;
    private final String path;

    Fields(JsonNode object, String path) {
        this.object = object;
        this.path = path;
    }

    /** Refuses any other field: a slip of the pen is an error, not a default. */
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

    /** Whether the field is there. */
    public boolean has(String name) {
        return object.hasNonNull(name);
    }

    /** A string that must be there. */
    public String string(String name) {
        return string(required(name, "a string"), path + name);
    }

    /** A string that may be left out. */
    public Optional<String> optionalString(String name) {
        return has(name) ? Optional.of(string(name)) : Optional.empty();
    }

    /** A boolean that may be left out. */
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

    /** A boolean. */
    public boolean flag(String name, boolean otherwise) {
        return optionalFlag(name).orElse(otherwise);
    }

    /** A whole number of at least {@code least} that may be left out. */
    public OptionalInt optionalInt(String name, int least) {
        if (!has(name)) {
            return OptionalInt.empty();
        }
        JsonNode value = object.get(name);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < least) {
            throw invalid(path + name,
                    shown(value) + " (expected: a whole number of at least " + least + ")");
        }
        return OptionalInt.of(value.intValue());
    }

    /**
     * One of the words of an enum, in lower case, or with {@code anyCase} in any; the first where it is left
     * out.
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

    /** An object that may be left out: then one without fields. */
    public Fields object(String name, boolean mustBeThere) {
        if (!mustBeThere && !has(name)) {
            return new Fields(JsonNodeFactory.instance.objectNode(), path + name + ".");
        }
        JsonNode value = required(name, "an object");
        if (!value.isObject()) {
            throw invalid(path + name, kind(value) + " (expected: an object)");
        }
        return new Fields(value, path + name + ".");
    }

    /** A list of strings that must be there. */
    public List<String> strings(String name) {
        return list(name, "a list of strings", Fields::string);
    }

    /**
     * A text that must be there, with its path as its place.
     *
     * @param kind
     *            makes it a text of its kind
     */
    public TextInput.Text text(String name, Function<String, TextInput.Text> kind) {
        return kind.apply(string(name)).withPlace(path + name);
    }

    /** A list of texts that must be there, each with its path as its place. */
    public List<TextInput.Text> texts(String name, Function<String, TextInput.Text> kind) {
        return list(name, "a list of strings", (item, at) -> kind.apply(string(item, at)).withPlace(at));
    }

    /** Numbers that may be left out. */
    public Optional<List<Double>> optionalNumbers(String name) {
        return has(name) ? Optional.of(list(name, "a list of numbers", Fields::number)) : Optional.empty();
    }

    /**
     * Texts or token ids, each with its path as its place: one or a list of either, as
     * text-embeddings-inference and OpenAI take them.
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

    /** Token ids with their paths as their places: one list or a list of lists. */
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
        String text = value.stringValue();
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            int point = text.codePointAt(i);
            if (point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE) {
                throw invalid(at, String.format(Locale.ROOT,
                        "half of a surrogate pair, U+%04X (expected: Unicode)", point));
            }
        }
        return text;
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
        int most = 40;
        return text.length() <= most ? text : text.substring(0, most) + "…";
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
