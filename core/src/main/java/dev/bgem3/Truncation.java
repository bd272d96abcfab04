package dev.bgem3;

/** Where a text that is too long is cut. {@code <s>} and {@code </s>} stay in any case. */
public enum Truncation {
    /** Its end goes: the first tokens are kept, as FlagEmbedding does it. */
    RIGHT,
    /** Its beginning goes: the last tokens are kept. */
    LEFT
}
