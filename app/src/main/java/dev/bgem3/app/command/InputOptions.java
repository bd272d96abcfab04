package dev.bgem3.app.command;

import dev.bgem3.app.handler.LineWork;
import dev.bgem3.app.handler.UsageException;
import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.wire.JsonLines;
import dev.bgem3.app.wire.LineParser;
import dev.bgem3.app.wire.TextLine;
import dev.bgem3.app.wire.TextLines;
import picocli.CommandLine.Option;

/** The options for the input and for its invalid lines. */
final class InputOptions {
    @Option(names = "--input", paramLabel = "FILE|-", defaultValue = "-", description = """
            The input, in UTF-8, one text per line of at most 64 MiB; - is standard input, the default. The \
            end of FILE's name tells what its lines are: .jsonl and .ndjson JSON objects; .json too, or one \
            array of objects; .tsv an id, a tab and a text; a .gz after it is inflated.""")
    private String input;

    @Option(names = "--jsonl", description = """
            The lines are JSON objects, whatever the name of FILE.""")
    private boolean jsonl;

    @Option(names = "--text", description = """
            The lines are texts, whatever the name of FILE.""")
    private boolean text;

    @Option(names = "--skip-bad", description = """
            Report an invalid line and continue; by default the first one ends the command. The result then \
            has fewer lines than the input, so give the lines ids.""")
    private boolean skipBad;

    /** Opens an input whose lines are texts or, by its kind, have one. */
    LineReader open(Session session) {
        return open(kind() == InputKind.JSON, session);
    }

    /** Opens an input whose lines are JSON, whatever its name. */
    LineReader openJson(Session session) {
        if (text) {
            throw new UsageException("--text: the input of this command is JSON (expected: not given)");
        }
        return open(!jsonl && InputKind.of(input) == InputKind.JSON, session);
    }

    private LineReader open(boolean arrays, Session session) {
        OptionValues.notEmpty("--input", input, "a file, or - for standard input");
        return LineReader.open(input, arrays, session.streams());
    }

    private InputKind kind() {
        if (jsonl && text) {
            throw new UsageException("--jsonl and --text: both given (expected: one of them)");
        }
        return jsonl ? InputKind.JSON_LINES : text ? InputKind.TEXT : InputKind.of(input);
    }

    boolean given() {
        return !input.equals("-");
    }

    LineWork work(int windowLines, Session session) {
        return new LineWork(windowLines, skipBad, session.streams());
    }

    /** Returns a parser for lines of the input's kind. */
    LineParser<TextLine> textParser() {
        return switch (kind()) {
            case TEXT -> TextLines.texts();
            case JSON_LINES, JSON -> JsonLines.texts();
            case TSV -> TextLines.tabSeparated();
        };
    }
}
