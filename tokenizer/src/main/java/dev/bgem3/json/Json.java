package dev.bgem3.json;

import java.util.Map;

/** Reads and writes JSON text, as strictly as the package documentation says. Stateless and thread-safe. */
public final class Json {
    private Json() {}

    /**
     * Parses UTF-8 text that holds one JSON value and otherwise only white space.
     *
     * @throws JsonException
     *             at the first error in the encoding or the syntax, with a message such as
     *             {@code line 3, column 7: found 'x' (expected: ',' or '}')}
     */
    public static JsonValue parse(byte[] utf8) {
        JsonReader reader = new JsonReader(utf8, JsonRules.TEXT);
        JsonValue value = reader.value();
        reader.end();
        return value;
    }

    /**
     * Returns the value as JSON text, without white space. Control characters and lone surrogates are
     * escaped, so that the text can be encoded as UTF-8; other characters are written unchanged.
     * {@link #parse} returns an equal value.
     */
    public static String write(JsonValue value) {
        StringBuilder out = new StringBuilder();
        write(out, value);
        return out.toString();
    }

    /** Returns the string as a JSON literal, quotation marks included. */
    static String quote(String value) {
        StringBuilder out = new StringBuilder(value.length() + 2);
        writeString(out, value);
        return out.toString();
    }

    private static void write(StringBuilder out, JsonValue value) {
        switch (value) {
            case JsonObject object -> writeObject(out, object);
            case JsonArray array -> writeArray(out, array);
            case JsonString string -> writeString(out, string.value());
            case JsonNumber number -> out.append(number.text());
            case JsonBoolean bool -> out.append(bool.value());
            case JsonNull _ -> out.append("null");
        }
    }

    private static void writeObject(StringBuilder out, JsonObject object) {
        out.append('{');
        String separator = "";
        for (Map.Entry<String, JsonValue> member : object.members().entrySet()) {
            out.append(separator);
            writeString(out, member.getKey());
            out.append(':');
            write(out, member.getValue());
            separator = ",";
        }
        out.append('}');
    }

    private static void writeArray(StringBuilder out, JsonArray array) {
        out.append('[');
        String separator = "";
        for (JsonValue element : array.elements()) {
            out.append(separator);
            write(out, element);
            separator = ",";
        }
        out.append(']');
    }

    private static void writeString(StringBuilder out, String value) {
        out.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (Character.isHighSurrogate(c) && i + 1 < value.length()
                            && Character.isLowSurrogate(value.charAt(i + 1))) {
                        out.append(c).append(value.charAt(++i));
                    } else if (c < 0x20 || Character.isSurrogate(c)) {
                        out.append("\\u%04x".formatted((int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
