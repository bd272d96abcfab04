package dev.bgem3.tokenizer;

/**
 * Decimal numbers as doubles, rounded as Hugging Face's tokenizers round the scores that they read.
 *
 * <p>Their JSON parser (serde_json without {@code float_roundtrip}) rounds twice: the digits to a double, and
 * the quotient by a power of ten. A score can so be one unit in the last place off, and two paths through a
 * word that would tie exactly do not: which of them wins, and therefore the ids, follows from this rounding.
 */
final class DecimalNumber {
    private static final int MAX_EXPONENT = 308;
    private static final double[] POWERS_OF_TEN = new double[MAX_EXPONENT + 1];
    /** The largest unsigned significand that takes any further digit. */
    private static final long MAX_UNSIGNED_TENTH = Long.divideUnsigned(-1L, 10);
    private static final int MAX_UNSIGNED_LAST_DIGIT = (int) Long.remainderUnsigned(-1L, 10);

    static {
        for (int exponent = 0; exponent <= MAX_EXPONENT; exponent++) {
            POWERS_OF_TEN[exponent] = Double.parseDouble("1e" + exponent);
        }
    }

    private boolean negative;
    private long significand; // unsigned
    private int exponent;
    private boolean full;

    /** Begins a number. */
    void begin(boolean isNegative) {
        negative = isNegative;
        significand = 0;
        exponent = 0;
        full = false;
    }

    /** Takes a digit of the integer part. */
    void integerDigit(int digit) {
        if (!append(digit)) {
            exponent++;
        }
    }

    /** Takes a digit of the fraction; once one does not fit in 64 bits, it and the rest are dropped. */
    void fractionDigit(int digit) {
        if (!full && append(digit)) {
            exponent--;
        } else {
            full = true;
        }
    }

    /** Takes the exponent that is written after an E. */
    void scale(int writtenExponent) {
        exponent = Math.clamp((long) exponent + writtenExponent, Integer.MIN_VALUE / 2,
                Integer.MAX_VALUE / 2);
    }

    /** The number; infinite where it is beyond a double's range. */
    double value() {
        double value = significand >= 0 ? significand : (significand >>> 1 | significand & 1) * 2.0;
        int remaining = exponent;
        while (Math.abs(remaining) > MAX_EXPONENT) {
            if (value == 0 || remaining > 0) {
                return value == 0 ? 0 : Double.POSITIVE_INFINITY;
            }
            value /= POWERS_OF_TEN[MAX_EXPONENT];
            remaining += MAX_EXPONENT;
        }
        value = remaining >= 0 ? value * POWERS_OF_TEN[remaining] : value / POWERS_OF_TEN[-remaining];
        return negative ? -value : value;
    }

    /**
     * What a finite float becomes by way of the shortest decimal that tells its double, as
     * {@code tokenizer.json} has it.
     */
    double throughDecimal(float number) {
        String decimal = Double.toString(Math.abs(number));
        begin(number < 0);
        boolean fraction = false;
        for (int i = 0; i < decimal.length(); i++) {
            char character = decimal.charAt(i);
            if (character == '.') {
                fraction = true;
            } else if (character == 'E') {
                scale(Integer.parseInt(decimal, i + 1, decimal.length(), 10));
                break;
            } else if (fraction) {
                fractionDigit(character - '0');
            } else {
                integerDigit(character - '0');
            }
        }
        return value();
    }

    private boolean append(int digit) {
        int order = Long.compareUnsigned(significand, MAX_UNSIGNED_TENTH);
        if (order > 0 || order == 0 && digit > MAX_UNSIGNED_LAST_DIGIT) {
            return false;
        }
        significand = significand * 10 + digit;
        return true;
    }
}
