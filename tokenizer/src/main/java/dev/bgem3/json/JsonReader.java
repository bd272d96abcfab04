package dev.bgem3.json;

import dev.bgem3.text.Utf8;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * A strict pull parser for JSON in UTF-8. It reads a file that is too large for a tree element by element,
 * or a whole {@link #value()} at once. Not thread-safe.
 *
 * <p>
 * A method that reads something throws {@link JsonException} if the text has something else there.
 */
public final class JsonReader {
    /** Limits the values in a tree, so that hostile text cannot exhaust the heap. */
    private static final int MAX_VALUES = 1 << 21;
    /** What {@link #peek()} returns at the end of the text. */
    private static final int END = -1;

    private final byte[] bytes;
    private final JsonRules rules;
    private int position;
    /** Whether each open array or object has had an element. */
    private final boolean[] started;
    private int depth;
    private int values;
    private int tokenStart;
    private char[] chars = new char[256];
    private int charCount;

    /** Creates a reader at the beginning of the text; the array is not copied. */
    public JsonReader(byte[] utf8, JsonRules rules) {
        bytes = utf8;
        this.rules = rules;
        started = new boolean[rules.maxDepth];
    }

    /** Reads the beginning of an object. */
    public void beginObject() {
        begin('{', "an object");
    }

    /** Reads the next key of the innermost object and its colon; reads the object's end and returns null. */
    public String nextKey() {
        boolean first = !started[depth - 1];
        if (!nextElement('}')) {
            return null;
        }
        if (peek() != '"') {
            throw unexpected(first ? "a key or '}'" : "a key");
        }
        String key = string();
        if (peek() != ':') {
            throw unexpected("':'");
        }
        position++;
        return key;
    }

    /** Returns the exception for the key just read, which the object already has. */
    public JsonException repeated(String key) {
        return fault(tokenStart, "the key " + JsonString.shown(key) + " again", "each key once");
    }

    /** Reads the beginning of an array. */
    public void beginArray() {
        begin('[', "an array");
    }

    /** Returns whether the innermost array has another element; reads its end if not. */
    public boolean nextElement() {
        return nextElement(']');
    }

    /** Reads a string into {@link #chars()}. */
    public void readString() {
        if (peek() != '"') {
            throw unexpected("a string");
        }
        tokenStart = position++;
        charCount = 0;
        while (true) {
            byte[] all = bytes;
            int end = position;
            while (end < all.length && all[end] != '"' && all[end] != '\\' && (all[end] & 0xE0) != 0) {
                end++;
            }
            if (end - position > chars.length - charCount) {
                chars = Arrays.copyOf(chars, Math.max(chars.length * 2, charCount + end - position));
            }
            int written = Utf8.decode(bytes, position, end, chars, charCount);
            if (written < 0) {
                position = -1 - written;
                throw unexpected("UTF-8", "not UTF-8");
            }
            charCount = written;
            position = end;
            if (end < bytes.length && bytes[end] == '"') {
                position++;
                return;
            }
            if (end == bytes.length || bytes[end] != '\\') {
                throw unexpected("the string's next character or '\"'",
                        end == bytes.length ? null : "a control character within a string");
            }
            readEscape();
        }
    }

    /** Returns the buffer with the {@link #charCount()} chars of the last string; the next overwrites it. */
    public char[] chars() {
        return chars;
    }

    /** Returns the length of the last string read. */
    public int charCount() {
        return charCount;
    }

    /** Reads a number, whose text is then the bytes from {@link #tokenStart()} to {@link #tokenEnd()}. */
    public void readNumber() {
        boolean negative = peek() == '-';
        tokenStart = position;
        if (negative) {
            position++;
        }
        int integer = position;
        skipDigits();
        if (position == integer && negative) {
            throw unexpected("a digit");
        }
        if (position == integer || position > integer + 1 && bytes[integer] == '0') {
            position = tokenStart;
            throw unexpected("a number");
        }
        if (position < bytes.length && bytes[position] == '.') {
            position++;
            readDigits();
        }
        if (position < bytes.length && (bytes[position] | 0x20) == 'e') {
            position++;
            if (position < bytes.length && (bytes[position] == '+' || bytes[position] == '-')) {
                position++;
            }
            readDigits();
        }
    }

    /** Returns the index of the first byte of the last string or number read. */
    public int tokenStart() {
        return tokenStart;
    }

    /** Returns the index after the last byte of the last string or number read. */
    public int tokenEnd() {
        return position;
    }

    /**
     * Reads a value of any type.
     *
     * @throws JsonException
     *             at the first error, which includes a repeated key and more than 2,097,152 values
     */
    public JsonValue value() {
        int next = peek();
        if (++values > MAX_VALUES) {
            throw fault(position, "more than " + MAX_VALUES + " values", "fewer");
        }
        return switch (next) {
            case '{' -> object();
            case '[' -> array();
            case '"' -> new JsonString(string());
            case 't' -> literal("true", new JsonBoolean(true));
            case 'f' -> literal("false", new JsonBoolean(false));
            case 'n' -> literal("null", new JsonNull());
            case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' -> {
                readNumber();
                yield new JsonNumber(
                        new String(bytes, tokenStart, position - tokenStart, StandardCharsets.US_ASCII));
            }
            default -> throw unexpected("a value");
        };
    }

    /** Reads the end of the text. */
    public void end() {
        if (peek() != END) {
            throw unexpected("the end of the " + rules.noun);
        }
    }

    /** Returns the exception for something that the caller does not allow at the current position. */
    public JsonException refused(String what) {
        return new JsonException(place(position) + what);
    }

    private JsonObject object() {
        SequencedMap<String, JsonValue> members = new LinkedHashMap<>();
        beginObject();
        for (String key = nextKey(); key != null; key = nextKey()) {
            if (members.containsKey(key)) {
                throw repeated(key);
            }
            members.put(key, value());
        }
        return new JsonObject(members);
    }

    private JsonArray array() {
        List<JsonValue> elements = new ArrayList<>();
        beginArray();
        while (nextElement()) {
            elements.add(value());
        }
        return new JsonArray(elements);
    }

    private JsonValue literal(String word, JsonValue value) {
        int start = position;
        for (int i = 0; i < word.length(); i++, position++) {
            if (position >= bytes.length || bytes[position] != word.charAt(i)) {
                position = rules.reportsByteOffsets ? start : position;
                throw unexpected(word);
            }
        }
        return value;
    }

    private String string() {
        readString();
        return new String(chars, 0, charCount);
    }

    private void begin(char bracket, String what) {
        if (peek() != bracket) {
            throw unexpected(what);
        }
        if (depth == rules.maxDepth) {
            throw rules.reportsByteOffsets
                    ? refused("nested deeper than " + rules.maxDepth)
                    : fault(position, "nesting of more than " + rules.maxDepth + " arrays and objects",
                            "less");
        }
        position++;
        started[depth++] = false;
    }

    private boolean nextElement(char closing) {
        int next = peek();
        if (started[depth - 1]) {
            if (next != ',' && next != closing) {
                throw unexpected("',' or '" + closing + "'");
            }
            position++;
        } else if (next == closing) {
            position++;
        }
        if (next == closing) {
            depth--;
            return false;
        }
        started[depth - 1] = true;
        return true;
    }

    /** Reads the escape at the current position into {@link #chars}. */
    private void readEscape() {
        if (charCount + 2 > chars.length) {
            chars = Arrays.copyOf(chars, chars.length * 2);
        }
        int start = position;
        char unit = escaped();
        chars[charCount++] = unit;
        if (!rules.allowsLoneSurrogates && Character.isSurrogate(unit)) {
            boolean followed = position + 1 < bytes.length && bytes[position] == '\\'
                    && bytes[position + 1] == 'u';
            char low = Character.isHighSurrogate(unit) && followed ? escaped() : 0;
            if (!Character.isLowSurrogate(low)) {
                position = start;
                throw refused("an unpaired surrogate");
            }
            chars[charCount++] = low;
        }
    }

    private char escaped() {
        position++;
        int c = position < bytes.length ? bytes[position] : END;
        char value = switch (c) {
            case '"', '\\', '/' -> (char) c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> hexadecimal();
            default -> throw unexpected("one of \"\\/bfnrtu after the backslash");
        };
        position++;
        return value;
    }

    /** Returns the UTF-16 unit of a four-digit escape; leaves the position on its last digit. */
    private char hexadecimal() {
        int value = 0;
        for (int i = 0; i < 4; i++) {
            position++;
            int digit = position < bytes.length && bytes[position] >= 0
                    ? Character.digit(bytes[position], 16)
                    : -1;
            if (digit < 0) {
                throw unexpected("a hexadecimal digit",
                        "an escape \\u without four hexadecimal digits");
            }
            value = value << 4 | digit;
        }
        return (char) value;
    }

    private void readDigits() {
        int start = position;
        skipDigits();
        if (position == start) {
            throw unexpected("a digit");
        }
    }

    private void skipDigits() {
        byte[] all = bytes;
        int at = position;
        while (at < all.length && all[at] >= '0' && all[at] <= '9') {
            at++;
        }
        position = at;
    }

    /** Skips white space and returns the next byte without reading it. */
    private int peek() {
        byte[] all = bytes;
        int at = position;
        while (at < all.length && (all[at] == ' ' || all[at] == '\n' || all[at] == '\r' || all[at] == '\t')) {
            at++;
        }
        position = at;
        return at < all.length ? all[at] & 0xFF : END;
    }

    /** Returns the error; rules that report byte positions use {@code briefly} as its text, unless null. */
    private JsonException unexpected(String expected, String briefly) {
        return rules.reportsByteOffsets && briefly != null ? refused(briefly) : unexpected(expected);
    }

    private JsonException unexpected(String expected) {
        if (position >= bytes.length) {
            return fault(position, "the end of the " + rules.noun, expected);
        }
        int length = Utf8.sequenceLength(bytes, position, bytes.length);
        if (length < 0) {
            return fault(position, "byte 0x%02x".formatted(bytes[position]), "UTF-8");
        }
        int c = Utf8.codePoint(bytes, position, length);
        return fault(position, c > 0x20 && c < 0x7f ? "'" + (char) c + "'" : "U+%04X".formatted(c), expected);
    }

    private JsonException fault(int at, String found, String expected) {
        return new JsonException(
                place(at) + (rules.reportsByteOffsets ? "" : "found ") + found + " (expected: " + expected
                        + ")");
    }

    private String place(int at) {
        if (rules.reportsByteOffsets) {
            return "byte " + at + ": ";
        }
        int line = 1;
        int lineStart = 0;
        for (int i = 0; i < at; i++) {
            if (bytes[i] == '\n') {
                line++;
                lineStart = i + 1;
            }
        }
        int column = new String(bytes, lineStart, at - lineStart, StandardCharsets.UTF_8).length() + 1;
        return "line " + line + ", column " + column + ": ";
    }
}
