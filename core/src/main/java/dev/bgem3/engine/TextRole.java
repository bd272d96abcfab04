package dev.bgem3.engine;

/** What a text is to a model: which of its instructions goes before it. */
public enum TextRole {
    /** A text by itself. */
    TEXT,
    /** A query. */
    QUERY,
    /** A passage of a corpus. */
    PASSAGE
}
