package dev.bgem3.json;

import java.util.Objects;

/** A string with its escapes resolved; a lone surrogate written as an escape is kept. */
public record JsonString(String value) implements JsonValue {
    private static final int DESCRIBED_LENGTH = 60;

    /** Creates a string from any UTF-16 text. */
    public JsonString {
        Objects.requireNonNull(value);
    }

    @Override
    public String describe() {
        return "the string " + shown(value);
    }

    /** Returns the string quoted, escaped and shortened for a message. */
    static String shown(String value) {
        boolean cut = value.length() > DESCRIBED_LENGTH;
        return Json.quote(cut ? value.substring(0, DESCRIBED_LENGTH) + "…" : value);
    }
}
