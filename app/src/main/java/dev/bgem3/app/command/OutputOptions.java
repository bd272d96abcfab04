package dev.bgem3.app.command;

import dev.bgem3.app.handler.UsageException;
import dev.bgem3.app.stream.ResultFile;
import picocli.CommandLine.Option;

/** Where the results go. */
final class OutputOptions {
    @Option(names = "--output", paramLabel = "FILE|-", defaultValue = "-", description = """
            JSON Lines, one object an input, in order. A FILE is written when all are there, and needs its \
            room beside an older one until then; standard output, the default, gives results as they are \
            done.""")
    private String output;

    ResultFile open(Session session) {
        return open(output, session);
    }

    static ResultFile open(String output, Session session) {
        if (output.isEmpty()) {
            throw new UsageException("--output: empty (expected: a file, or - for standard output)");
        }
        return ResultFile.open(output, session.streams());
    }
}
