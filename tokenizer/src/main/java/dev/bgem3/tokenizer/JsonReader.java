package dev.bgem3.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A strict pull parser of JSON (RFC 8259) over bytes in UTF-8, for vocabularies too large for a tree.
 *
 * <p>Errors name the file and the byte. Lone surrogates and nesting deeper than {@value #MAX_DEPTH} are
 * refused. Confined to one thread.
 */
final class JsonReader {
    static final int MAX_DEPTH = 64;
    /** Beyond the file's length, so that a larger one changes nothing. */
    private static final int MAX_EXPONENT = 1 << 29;

    private final SourceFile file;
    private final byte[] bytes;
    private int position;
    /** Whether each open array or object has had an element. */
    private final boolean[] started = new boolean[MAX_DEPTH];
    private int depth;
    private char[] chars = new char[256];
    private int charCount;
    private final DecimalNumber number = new DecimalNumber();

    JsonReader(SourceFile file) {
        this.file = file;
        bytes = file.bytes();
    }

    /** An error at the current position. */
    TokenizerException error(String message) {
        return file.error("byte " + position + ": " + message);
    }

    void beginObject() {
        begin('{', "an object");
    }

    /** The next key of the innermost object, or null, which ends it. */
    String nextKey() {
        if (!nextElement('}')) {
            return null;
        }
        if (peek() != '"') {
            throw expected("a key");
        }
        String key = string();
        if (peek() != ':') {
            throw expected("':'");
        }
        position++;
        return key;
    }

    void beginArray() {
        begin('[', "an array");
    }

    /** Whether the innermost array has another element; false ends it. */
    boolean nextElement() {
        return nextElement(']');
    }

    /** The first character of the next value, white space skipped. */
    char peek() {
        byte[] all = bytes;
        int at = position;
        while (at < all.length && (all[at] == ' ' || all[at] == '\n' || all[at] == '\r' || all[at] == '\t')) {
            at++;
        }
        position = at;
        return at < all.length ? (char) (all[at] & 0xFF) : '\0';
    }

    /** Reads a string into {@link #chars}. */
    void readString() {
        if (peek() != '"') {
            throw expected("a string");
        }
        position++;
        charCount = 0;
        while (true) {
            int end = position;
            while (end < bytes.length && bytes[end] != '"' && bytes[end] != '\\'
                    && (bytes[end] & 0xE0) != 0) {
                end++;
            }
            if (end - position > chars.length - charCount) {
                chars = Arrays.copyOf(chars, Math.max(chars.length * 2, charCount + end - position));
            }
            int written = Utf8.decode(bytes, position, end, chars, charCount);
            if (written < 0) {
                position = -1 - written;
                throw error("not UTF-8");
            }
            charCount = written;
            position = end;
            if (end == bytes.length) {
                throw error("the file ends within a string");
            }
            if (bytes[end] == '"') {
                position++;
                return;
            }
            if (bytes[end] != '\\') {
                throw error("a control character within a string");
            }
            readEscape();
        }
    }

    /** The characters of the string last read, up to {@link #charCount}; overwritten by the next. */
    char[] chars() {
        return chars;
    }

    int charCount() {
        return charCount;
    }

    String string() {
        readString();
        return new String(chars, 0, charCount);
    }

    /** Reads a finite number, rounded as {@link DecimalNumber} says. */
    double number() {
        char first = peek();
        int start = position;
        if (first == '-') {
            position++;
        }
        int integerStart = position;
        number.begin(first == '-');
        for (; isDigit(position); position++) {
            number.integerDigit(bytes[position] - '0');
        }
        int digits = position - integerStart;
        if (digits == 0 || digits > 1 && bytes[integerStart] == '0') {
            position = start;
            throw expected("a number");
        }
        if (position < bytes.length && bytes[position] == '.') {
            int fractionStart = ++position;
            for (; isDigit(position); position++) {
                number.fractionDigit(bytes[position] - '0');
            }
            if (position == fractionStart) {
                throw expected("a digit");
            }
        }
        if (position < bytes.length && (bytes[position] | 0x20) == 'e') {
            readExponent();
        }
        double value = number.value();
        if (Double.isInfinite(value)) {
            position = start;
            throw error("a number beyond the range of a double");
        }
        return value;
    }

    /** Reads any value: a map, list, string, double, boolean or null. */
    Object value() {
        switch (peek()) {
            case '{' :
                Map<String, Object> map = new LinkedHashMap<>();
                beginObject();
                for (String key = nextKey(); key != null; key = nextKey()) {
                    if (map.containsKey(key)) {
                        throw error("the key \"" + Messages.shown(key) + "\" again");
                    }
                    map.put(key, value());
                }
                return map;
            case '[' :
                List<Object> list = new ArrayList<>();
                beginArray();
                while (nextElement()) {
                    list.add(value());
                }
                return list;
            case '"' :
                return string();
            case 't' :
                literal("true");
                return true;
            case 'f' :
                literal("false");
                return false;
            case 'n' :
                literal("null");
                return null;
            default :
                return number();
        }
    }

    /** Checks that nothing follows. */
    void endDocument() {
        peek();
        if (position < bytes.length) {
            throw expected("the end of the file");
        }
    }

    private void begin(char bracket, String what) {
        if (peek() != bracket) {
            throw expected(what);
        }
        if (depth == MAX_DEPTH) {
            throw error("nested deeper than " + MAX_DEPTH);
        }
        position++;
        started[depth++] = false;
    }

    private boolean nextElement(char closing) {
        char next = peek();
        if (next == closing) {
            position++;
            depth--;
            return false;
        }
        if (started[depth - 1]) {
            if (next != ',') {
                throw expected("',' or '" + closing + "'");
            }
            position++;
        }
        started[depth - 1] = true;
        return true;
    }

    private void readEscape() {
        int at = position + 1;
        if (at >= bytes.length) {
            throw error("the file ends within a string");
        }
        int escaped = switch (bytes[at]) {
            case '"', '\\', '/' -> bytes[at];
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> hexUnit(at + 1);
            default -> throw error("an unknown escape");
        };
        int end = bytes[at] == 'u' ? at + 5 : at + 1;
        if (charCount + 2 > chars.length) {
            chars = Arrays.copyOf(chars, chars.length * 2);
        }
        chars[charCount++] = (char) escaped;
        if (Character.isSurrogate((char) escaped)) {
            boolean paired = Character.isHighSurrogate((char) escaped) && end + 1 < bytes.length
                    && bytes[end] == '\\'
                    && bytes[end + 1] == 'u';
            int low = paired ? hexUnit(end + 2) : 0;
            if (!Character.isLowSurrogate((char) low)) {
                throw error("a surrogate without its partner");
            }
            chars[charCount++] = (char) low;
            end += 6;
        }
        position = end;
    }

    private int hexUnit(int at) {
        int unit = 0;
        for (int i = at; i < at + 4; i++) {
            int digit = i < bytes.length && bytes[i] >= 0 ? Character.digit(bytes[i], 16) : -1;
            if (digit < 0) {
                throw error("an escape \\u without four hexadecimal digits");
            }
            unit = unit << 4 | digit;
        }
        return unit;
    }

    private void readExponent() {
        position++;
        boolean negative = position < bytes.length && bytes[position] == '-';
        if (negative || position < bytes.length && bytes[position] == '+') {
            position++;
        }
        int exponent = 0;
        int start = position;
        for (; isDigit(position); position++) {
            exponent = (int) Math.min(exponent * 10L + bytes[position] - '0', MAX_EXPONENT);
        }
        if (position == start) {
            throw expected("a digit");
        }
        number.scale(negative ? -exponent : exponent);
    }

    private boolean isDigit(int at) {
        return at < bytes.length && bytes[at] >= '0' && bytes[at] <= '9';
    }

    private void literal(String word) {
        for (int i = 0; i < word.length(); i++) {
            if (position + i >= bytes.length || bytes[position + i] != word.charAt(i)) {
                throw expected(word);
            }
        }
        position += word.length();
    }

    private TokenizerException expected(String what) {
        String found = position >= bytes.length
                ? "the end of the file"
                : bytes[position] > ' ' && bytes[position] < 0x7F
                        ? "'" + (char) bytes[position] + "'"
                        : "byte 0x" + Integer.toHexString(bytes[position] & 0xFF);
        return error(found + " (expected: " + what + ")");
    }
}
