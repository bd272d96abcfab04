package dev.bgem3.app.command;

import dev.bgem3.app.stream.LineReader;
import java.util.Locale;

/** What the lines of an input are. */
enum InputKind {
    /** A text each. */
    TEXT,
    /** A JSON object each. */
    JSON_LINES,
    /** A JSON object each, or a JSON array of objects. */
    JSON,
    /** An id, a tab and a text each. */
    TSV;

    /** Tells the kind by the end of a file's name in any letter case, where {@code .gz} does not count. */
    static InputKind of(String file) {
        String name = file.toLowerCase(Locale.ROOT);
        if (name.endsWith(LineReader.GZIP)) {
            name = name.substring(0, name.length() - LineReader.GZIP.length());
        }
        return switch (name.substring(name.lastIndexOf('.') + 1)) {
            case "jsonl", "ndjson" -> JSON_LINES;
            case "json" -> JSON;
            case "tsv" -> TSV;
            default -> TEXT;
        };
    }
}
