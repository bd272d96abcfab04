package dev.bgem3.tokenizer;

import java.nio.charset.StandardCharsets;

/**
 * Parses decimal numbers with the rounding that Hugging Face's tokenizers apply to scores.
 *
 * <p>Their JSON parser (serde_json without {@code float_roundtrip}) rounds twice: the digits to a double, and
 * the quotient by a power of ten. A score can therefore be off by one unit in the last place, and two paths
 * through a word whose exact scores are equal can differ. The rounding decides which path wins, and with it
 * the ids.
 */
final class DecimalNumber {
    private static final int MAX_EXPONENT = 308;
    /** Longer than any file, so that clamping a larger exponent does not change the result. */
    private static final int MAX_WRITTEN_EXPONENT = 1 << 29;
    private static final double[] POWERS_OF_TEN = new double[MAX_EXPONENT + 1];
    /** A smaller unsigned significand has room for any further digit. */
    private static final long MAX_UNSIGNED_TENTH = Long.divideUnsigned(-1L, 10);
    private static final int MAX_UNSIGNED_LAST_DIGIT = (int) Long.remainderUnsigned(-1L, 10);

    static {
        for (int exponent = 0; exponent <= MAX_EXPONENT; exponent++) {
            POWERS_OF_TEN[exponent] = Double.parseDouble("1e" + exponent);
        }
    }

    private DecimalNumber() {}

    /** Parses the JSON number {@code text[from, to)}; the result is infinite if it overflows a double. */
    static double parse(byte[] text, int from, int to) {
        boolean negative = text[from] == '-';
        long significand = 0; // unsigned
        int exponent = 0;
        boolean fraction = false;
        boolean full = false;
        for (int at = negative ? from + 1 : from; at < to; at++) {
            int digit = text[at] - '0';
            if (text[at] == '.') {
                fraction = true;
            } else if ((text[at] | 0x20) == 'e') {
                exponent += writtenExponent(text, at + 1, to);
                break;
            } else if (!full && fits(significand, digit)) {
                significand = significand * 10 + digit;
                exponent -= fraction ? 1 : 0;
            } else if (fraction) {
                full = true; // Once a digit does not fit in 64 bits, it and the rest are dropped.
            } else {
                exponent++;
            }
        }
        double value = scaled(significand, exponent);
        return negative ? -value : value;
    }

    /**
     * Converts a finite float as if it had been written to {@code tokenizer.json}: widened to a double,
     * written as the shortest decimal that identifies it, and parsed.
     */
    static double throughDecimal(float number) {
        byte[] decimal = Double.toString(Math.abs(number)).getBytes(StandardCharsets.US_ASCII);
        double value = parse(decimal, 0, decimal.length);
        return number < 0 ? -value : value;
    }

    private static boolean fits(long significand, int digit) {
        int order = Long.compareUnsigned(significand, MAX_UNSIGNED_TENTH);
        return order < 0 || order == 0 && digit <= MAX_UNSIGNED_LAST_DIGIT;
    }

    private static int writtenExponent(byte[] text, int from, int to) {
        boolean signed = text[from] == '-' || text[from] == '+';
        int exponent = 0;
        for (int at = signed ? from + 1 : from; at < to; at++) {
            exponent = (int) Math.min(exponent * 10L + text[at] - '0', MAX_WRITTEN_EXPONENT);
        }
        return text[from] == '-' ? -exponent : exponent;
    }

    private static double scaled(long significand, int exponent) {
        double value = significand >= 0 ? significand : (significand >>> 1 | significand & 1) * 2.0;
        int remaining = exponent;
        while (Math.abs(remaining) > MAX_EXPONENT) {
            if (value == 0 || remaining > 0) {
                return value == 0 ? 0 : Double.POSITIVE_INFINITY;
            }
            value /= POWERS_OF_TEN[MAX_EXPONENT];
            remaining += MAX_EXPONENT;
        }
        return remaining >= 0 ? value * POWERS_OF_TEN[remaining] : value / POWERS_OF_TEN[-remaining];
    }
}
