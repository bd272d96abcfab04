package dev.bgem3.app.wire;

import dev.bgem3.app.stream.LineFaultException;
import tools.jackson.core.io.JsonStringEncoder;

/** Parses lines that are not JSON. */
public final class TextLines {
    private TextLines() {}

    /** Returns a parser for texts, whose id is their line's number from 0. An empty line is an empty text. */
    public static LineParser<TextLine> texts() {
        return (line, index, place) -> new TextLine(Long.toString(index), line, place);
    }

    /** Returns a parser for an id, which becomes a JSON string, a tab and a text; skips blank lines. */
    public static LineParser<TextLine> tabSeparated() {
        return (line, _, place) -> {
            if (line.isBlank()) {
                return null;
            }
            int tab = line.indexOf('\t');
            if (tab < 0) {
                throw new LineFaultException("no tab (expected: an id, a tab and a text)");
            }
            String id = "\"" + new String(
                    JsonStringEncoder.getInstance().quoteAsCharArray(line.substring(0, tab))) + "\"";
            return new TextLine(id, line.substring(tab + 1), place);
        };
    }
}
