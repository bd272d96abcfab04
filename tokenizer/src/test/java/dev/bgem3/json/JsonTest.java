package dev.bgem3.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    private static JsonValue parse(String text) {
        return Json.parse(text.getBytes(StandardCharsets.UTF_8));
    }

    private static void refuses(String text, String message) {
        assertThatThrownBy(() -> parse(text)).isInstanceOf(JsonException.class).hasMessage(message);
    }

    @Test
    void readsEveryKindOfValueInOrder() {
        JsonObject object = (JsonObject) parse(
                " {\"b\": [1, -2.5e3, true, false, null],\t\"a\": {}, \"\": \"x\"}\r\n");
        assertThat(object.members().keySet()).containsExactly("b", "a", "");
        assertThat(object.members().get("b"))
                .isEqualTo(new JsonArray(
                        List.of(new JsonNumber("1"), new JsonNumber("-2.5e3"), new JsonBoolean(true),
                                new JsonBoolean(false), new JsonNull())));
        assertThat(object.object("a").orElseThrow().members()).isEmpty();
        assertThat(object.string("")).contains("x");
    }

    @Test
    void resolvesEveryEscape() {
        assertThat(parse("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\\udfffz\""))
                .isEqualTo(new JsonString("a\"\\/\b\f\n\r\té😀\udfffz"));
    }

    @Test
    void keepsCharactersBeyondAscii() {
        String text = "\"é漢😀\u007f\u2028\"";
        assertThat(Json.parse(text.getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(new JsonString("é漢😀\u007f\u2028"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-0", "12", "1.5", "1e5", "1E+5", "0.1e-12",
            "123456789012345678901234567890"})
    void keepsTheTextOfNumbers(String number) {
        assertThat(parse(number)).isEqualTo(new JsonNumber(number));
    }

    @ParameterizedTest
    @ValueSource(strings = {"01", "+1", ".5", "1.", "1e", "1e+", "-", "--1", "0x10", "NaN", "Infinity",
            "1_000", "٣"})
    void refusesInvalidNumbers(String number) {
        assertThatThrownBy(() -> parse(number)).isInstanceOf(JsonException.class);
        assertThatThrownBy(() -> new JsonNumber(number)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void givesLineAndColumnOfTheError() {
        refuses("{\"a\": 1,\n\"b\": [1, 2],\n\"c\": 1x}",
                "line 3, column 7: found 'x' (expected: ',' or '}')");
        refuses("", "line 1, column 1: found the end of the text (expected: a value)");
        refuses("[1 2]", "line 1, column 4: found '2' (expected: ',' or ']')");
        refuses("[1,]", "line 1, column 4: found ']' (expected: a value)");
        refuses("{\"a\":1,}", "line 1, column 8: found '}' (expected: a key)");
        refuses("{a:1}", "line 1, column 2: found 'a' (expected: a key or '}')");
        refuses("{\"a\" 1}", "line 1, column 6: found '1' (expected: ':')");
        refuses("truE", "line 1, column 4: found 'E' (expected: true)");
        refuses("1 2", "line 1, column 3: found '2' (expected: the end of the text)");
        refuses("\"a\nb\"", "line 1, column 3: found U+000A (expected: the string's next character or '\"')");
        refuses("\"\\x\"", "line 1, column 3: found 'x' (expected: one of \"\\/bfnrtu after the backslash)");
        refuses("\"\\u12g4\"", "line 1, column 6: found 'g' (expected: a hexadecimal digit)");
        refuses("\"open",
                "line 1, column 6: found the end of the text"
                        + " (expected: the string's next character or '\"')");
        refuses("\ufeff{}", "line 1, column 1: found U+FEFF (expected: a value)");
        refuses("// no\n1", "line 1, column 1: found '/' (expected: a value)");
        refuses("[\u00a01]", "line 1, column 2: found U+00A0 (expected: a value)");
    }

    @Test
    void refusesARepeatedKey() {
        refuses("{\"a\": 1, \"\\u0061\": 2}",
                "line 1, column 10: found the key \"a\" again (expected: each key once)");
    }

    @Test
    void refusesNestingThatCouldExhaustTheStack() {
        refuses("[".repeat(100_000),
                "line 1, column 513: found nesting of more than 512 arrays and objects (expected: less)");
        refuses("{\"a\":".repeat(100_000),
                "line 1, column 2561: found nesting of more than 512 arrays and objects (expected: less)");
        String deepest = "[".repeat(512) + "]".repeat(512);
        assertThat(Json.write(parse(deepest))).isEqualTo(deepest);
    }

    @Test
    void refusesInvalidUtf8() {
        assertThatThrownBy(() -> Json.parse(new byte[]{'[', '"', 'a', (byte) 0xff, '"', ']'}))
                .isInstanceOf(JsonException.class)
                .hasMessage("line 1, column 4: found byte 0xff (expected: UTF-8)");
        // An overlong '/', a surrogate in UTF-8, and a truncated character.
        for (byte[] bytes : List.of(new byte[]{'"', (byte) 0xc0, (byte) 0xaf, '"'},
                new byte[]{'"', (byte) 0xed, (byte) 0xa0, (byte) 0x80, '"'}, new byte[]{'"', (byte) 0xe6})) {
            assertThatThrownBy(() -> Json.parse(bytes)).isInstanceOf(JsonException.class)
                    .hasMessageMatching("line 1, column 2: found byte 0x.. \\(expected: UTF-8\\)");
        }
    }

    @Test
    void givesExactLongsOrAnError() {
        assertThat(new JsonNumber("9223372036854775807").asLong()).isEqualTo(Long.MAX_VALUE);
        assertThat(new JsonNumber("-9223372036854775808").asLong()).isEqualTo(Long.MIN_VALUE);
        for (String number : List.of("9223372036854775808", "1.0", "1e3", "0.5")) {
            assertThatThrownBy(() -> new JsonNumber(number).asLong()).isInstanceOf(JsonException.class)
                    .hasMessage("found " + number + " (expected: a whole number of 64 bits)");
        }
    }

    @Test
    void givesDoublesWithinTheirRange() {
        assertThat(new JsonNumber("1e-05").asDouble()).isEqualTo(1e-5);
        assertThat(new JsonNumber("1e-999").asDouble()).isZero();
        assertThatThrownBy(() -> new JsonNumber("1e999").asDouble()).isInstanceOf(JsonException.class)
                .hasMessage("found 1e999 (expected: a number in the range of a double)");
    }

    @Test
    void typedGettersNameTheKeyTheValueAndTheType() {
        JsonObject object = (JsonObject) parse("{\"s\":\"gelu\",\"n\":null,\"i\":1.5,\"o\":{},\"a\":[]}");
        assertThat(object.string("absent")).isEmpty();
        assertThat(object.integer("n")).isEmpty();
        assertThat(object.get("n")).contains(new JsonNull());
        assertThat(object.number("i")).hasValue(1.5);
        assertThatThrownBy(() -> object.integer("s")).isInstanceOf(JsonException.class)
                .hasMessage("\"s\": found the string \"gelu\" (expected: a whole number)");
        assertThatThrownBy(() -> object.integer("i")).isInstanceOf(JsonException.class)
                .hasMessage("\"i\": found 1.5 (expected: a whole number of 64 bits)");
        assertThatThrownBy(() -> object.string("o")).isInstanceOf(JsonException.class)
                .hasMessage("\"o\": found an object (expected: a string)");
        assertThatThrownBy(() -> object.bool("a")).isInstanceOf(JsonException.class)
                .hasMessage("\"a\": found an array (expected: true or false)");
        assertThatThrownBy(() -> object.object("s")).isInstanceOf(JsonException.class)
                .hasMessage("\"s\": found the string \"gelu\" (expected: an object)");
    }

    @Test
    void writesControlCharactersAndLoneSurrogatesAsEscapes() {
        assertThat(Json.write(new JsonString("\"\\\b\f\n\r\t\u0000\u001f/é😀\ud800x\udc00")))
                .isEqualTo("\"\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f/é😀\\ud800x\\udc00\"");
    }

    @Test
    void refusesMoreValuesThanAMachineShouldHold() {
        refuses("[" + "0,".repeat(3_000_000) + "0]",
                "line 1, column 4194304: found more than 2097152 values (expected: fewer)");
    }

    @Test
    void acceptsAReplacementCharacterInTheText() {
        assertThat(Json.parse("\"\ufffd\"".getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(new JsonString("\ufffd"));
    }
}
