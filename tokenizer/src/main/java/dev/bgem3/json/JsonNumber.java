package dev.bgem3.json;

import java.util.regex.Pattern;

/** A number as its text, so that no digit is lost before the reader says what type it expects. */
public record JsonNumber(String text) implements JsonValue {
    // RFC 8259, section 6.
    private static final Pattern GRAMMAR = Pattern
            .compile("-?(0|[1-9][0-9]*+)(\\.[0-9]++)?([eE][+-]?[0-9]++)?");
    private static final int DESCRIBED_LENGTH = 60;

    /**
     * A number spelled as JSON spells it.
     *
     * @throws IllegalArgumentException
     *             where the text is no JSON number
     */
    public JsonNumber {
        if (!GRAMMAR.matcher(text).matches()) {
            throw new IllegalArgumentException("text: " + text + " (expected: a JSON number)");
        }
    }

    /** The number {@code value}. */
    public static JsonNumber of(long value) {
        return new JsonNumber(Long.toString(value));
    }

    /**
     * The number as a whole one of 64 bits, exactly.
     *
     * @throws JsonException
     *             where it has a fraction or an exponent, or is out of range
     */
    public long asLong() {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new JsonException("found " + describe() + " (expected: a whole number of 64 bits)", e);
        }
    }

    /**
     * The {@code double} nearest to the number.
     *
     * @throws JsonException
     *             where it is beyond the range of a double
     */
    public double asDouble() {
        double value = Double.parseDouble(text);
        if (Double.isInfinite(value)) {
            throw new JsonException("found " + describe() + " (expected: a number in the range of a double)");
        }
        return value;
    }

    @Override
    public String describe() {
        return text.length() <= DESCRIBED_LENGTH ? text : text.substring(0, DESCRIBED_LENGTH) + "…";
    }
}
