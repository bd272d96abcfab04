package dev.bgem3.json;

/** What a {@link JsonReader} accepts beyond the grammar, and how it tells where a fault is. */
public enum JsonRules {
    /**
     * For small files, which people write too: 512 levels, strings may hold half a surrogate pair, and a
     * fault has its line and column (in UTF-16 units), counted from 1.
     */
    TEXT("text", 512, true, false),
    /**
     * For large files, which programs write, often on a single line: 64 levels, no half surrogate pairs,
     * and a fault has the index of its byte.
     */
    FILE("file", 64, false, true);

    final String whole;
    final int maxDepth;
    final boolean halfPairs;
    final boolean byBytes;

    JsonRules(String whole, int maxDepth, boolean halfPairs, boolean byBytes) {
        this.whole = whole;
        this.maxDepth = maxDepth;
        this.halfPairs = halfPairs;
        this.byBytes = byBytes;
    }
}
