package dev.bgem3.app.command;

import dev.bgem3.app.handler.LineWork;
import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.wire.JsonLines;
import dev.bgem3.app.wire.LineParser;
import dev.bgem3.app.wire.TextLine;
import picocli.CommandLine.Option;

/** The options for the input and for its invalid lines. */
final class InputOptions {
    @Option(names = "--input", paramLabel = "FILE|-", defaultValue = "-", description = """
            The input, in UTF-8, one text per line of at most 64 MiB; - is standard input, the default.""")
    private String input;

    @Option(names = "--jsonl", description = """
            The lines are JSON objects. This is the default if the name of FILE ends in .jsonl.""")
    private boolean jsonl;

    @Option(names = "--skip-bad", description = """
            Report an invalid line and continue; by default the first one ends the command. The result then \
            has fewer lines than the input, so give the lines ids.""")
    private boolean skipBad;

    LineReader open(Session session) {
        OptionValues.notEmpty("--input", input, "a file, or - for standard input");
        return LineReader.open(input, session.streams());
    }

    boolean given() {
        return !input.equals("-");
    }

    LineWork work(int windowLines, Session session) {
        return new LineWork(windowLines, skipBad, session.streams());
    }

    /** Returns a parser for lines of JSON, or for lines of plain text whose number from 0 is their id. */
    LineParser<TextLine> textParser() {
        if (jsonl || input.endsWith(".jsonl")) {
            return JsonLines.texts();
        }
        return (line, index, place) -> new TextLine(Long.toString(index), line, place);
    }
}
