package dev.bgem3;

/** Which end of a text that is too long is cut. {@code <s>} and {@code </s>} are always kept. */
public enum Truncation {
    /** Cuts the end: the first tokens are kept, as in FlagEmbedding. */
    RIGHT,
    /** Cuts the beginning: the last tokens are kept. */
    LEFT
}
