package dev.bgem3.app.command;

import dev.bgem3.app.handler.LineWork;
import dev.bgem3.app.stream.LineReader;
import dev.bgem3.app.wire.JsonLines;
import dev.bgem3.app.wire.LineParser;
import dev.bgem3.app.wire.TextLine;
import picocli.CommandLine.Option;

/** Where the input comes from, and what happens to a bad line. */
final class InputOptions {
    @Option(names = "--input", paramLabel = "FILE|-", defaultValue = "-", description = """
            UTF-8, one input a line, of 64 MiB at most; - is standard input, the default.""")
    private String input;

    @Option(names = "--jsonl", description = """
            The lines are JSON objects, as where the name of FILE ends in .jsonl.""")
    private boolean jsonl;

    @Option(names = "--skip-bad", description = """
            Report a line that cannot be read and go on; without it the first one ends the work. The result \
            then has fewer lines than the input: give ids.""")
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

    /** Lines of JSON, or of text alone with their number from 0 as the id. */
    LineParser<TextLine> textParser() {
        if (jsonl || input.endsWith(".jsonl")) {
            return JsonLines.texts();
        }
        return (line, index, place) -> new TextLine(Long.toString(index), line, place);
    }
}
