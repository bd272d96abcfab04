package dev.bgem3.engine;

/** The role of a text, which selects the instruction put before it. */
public enum TextRole {
    /** A text by itself. */
    TEXT,
    /** A query. */
    QUERY,
    /** A passage of a corpus. */
    PASSAGE
}
