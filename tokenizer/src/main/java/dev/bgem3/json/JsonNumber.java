package dev.bgem3.json;

import java.util.regex.Pattern;

/** A number, kept as text so that no digit is lost before the caller chooses a type. */
public record JsonNumber(String text) implements JsonValue {
    // RFC 8259, section 6.
    private static final Pattern GRAMMAR = Pattern
            .compile("-?(0|[1-9][0-9]*+)(\\.[0-9]++)?([eE][+-]?[0-9]++)?");
    private static final int DESCRIBED_LENGTH = 60;

    /**
     * Creates a number from its JSON text.
     *
     * @throws IllegalArgumentException
     *             if the text is not a JSON number
     */
    public JsonNumber {
        if (!GRAMMAR.matcher(text).matches()) {
            throw new IllegalArgumentException("text: " + text + " (expected: a JSON number)");
        }
    }

    /** Returns {@code value} as a JSON number. */
    public static JsonNumber of(long value) {
        return new JsonNumber(Long.toString(value));
    }

    /**
     * Returns the number as an exact 64-bit integer.
     *
     * @throws JsonException
     *             if it has a fraction or an exponent, or is out of range
     */
    public long asLong() {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new JsonException("found " + describe() + " (expected: a whole number of 64 bits)", e);
        }
    }

    /**
     * Returns the {@code double} nearest to the number.
     *
     * @throws JsonException
     *             if it is outside the range of a double
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
