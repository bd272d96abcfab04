package dev.bgem3.app.command;

import dev.bgem3.app.handler.UsageException;
import dev.bgem3.app.stream.ResultFile;
import java.io.File;
import picocli.CommandLine.Option;

/** The option for the output. */
final class OutputOptions {
    private static final String EXPECTED = "a file, or - for standard output";
    /** PATH_MAX of Linux, less the zero at the end; the system itself refuses what is too long for others. */
    private static final int MAX_PATH_BYTES = 4095;

    @Option(names = "--output", paramLabel = "FILE|-", defaultValue = "-", description = """
            JSON Lines, one object an input, in order. A FILE is written when all are there, and needs its \
            room beside an older one until then; standard output, the default, gives results as they are \
            done.""")
    private String output;

    ResultFile open(Session session) {
        return open(output, session);
    }

    static ResultFile open(String output, Session session) {
        OptionValues.notEmpty("--output", output, EXPECTED);
        if (output.endsWith("/") || output.endsWith(File.separator)) {
            throw new UsageException(
                    "--output: " + output + " is a folder's name (expected: " + EXPECTED + ")");
        }
        int bytes = ResultFile.pathBytes(output);
        if (bytes > MAX_PATH_BYTES && File.separatorChar == '/') {
            throw new UsageException("--output: " + output + ": an absolute path of " + bytes
                    + " bytes (expected: at most " + MAX_PATH_BYTES + ")");
        }
        return ResultFile.open(output, session.streams());
    }
}
