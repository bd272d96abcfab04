package dev.bgem3.bench;

/**
 * A batch of texts of the same length, written {@code 8x128}.
 *
 * @param texts
 *            the number of texts
 * @param tokens
 *            the tokens of each
 */
record BatchShape(int texts, int tokens) {
    static BatchShape parse(String shape) {
        if (!shape.matches("[1-9]\\d{0,5}x[1-9]\\d{0,5}")) {
            throw new IllegalArgumentException(
                    "texts: " + shape + " (expected: texts x tokens, such as 8x128)");
        }
        String[] parts = shape.split("x");
        return new BatchShape(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
    }

    int allTokens() {
        return Math.multiplyExact(texts, tokens);
    }
}
