package dev.bgem3.json;

/** The limits of a {@link JsonReader}, and how it reports the position of an error. */
public enum JsonRules {
    /**
     * For small files, which people may write by hand: up to 512 levels, unpaired surrogates are allowed,
     * and errors give the line and the column (in UTF-16 units), counted from 1.
     */
    TEXT("text", 512, true, false),
    /**
     * For large files, which programs write, often on a single line: up to 64 levels, unpaired surrogates
     * are rejected, and errors give the byte offset.
     */
    FILE("file", 64, false, true);

    final String noun;
    final int maxDepth;
    final boolean allowsLoneSurrogates;
    final boolean reportsByteOffsets;

    JsonRules(String noun, int maxDepth, boolean allowsLoneSurrogates, boolean reportsByteOffsets) {
        this.noun = noun;
        this.maxDepth = maxDepth;
        this.allowsLoneSurrogates = allowsLoneSurrogates;
        this.reportsByteOffsets = reportsByteOffsets;
    }
}
