package dev.bgem3.app.command;

import dev.bgem3.app.handler.UsageException;
import dev.bgem3.app.hub.HubException;
import dev.bgem3.app.serve.ServerStartException;
import dev.bgem3.app.stream.ReaderGoneException;
import dev.bgem3.app.stream.StreamException;
import dev.bgem3.error.BackendException;
import dev.bgem3.error.BgeM3Exception;
import dev.bgem3.error.MissingModuleException;
import dev.bgem3.tokenizer.TokenizerException;
import java.io.PrintStream;
import java.nio.file.InvalidPathException;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * Maps exceptions to one line on standard error and an exit code.
 *
 * @param err
 *            standard error
 * @param withTrace
 *            whether to print the stack trace too
 * @param canRestart
 *            whether the program can restart with the module that it lacks
 */
record Failures(PrintStream err, boolean withTrace, boolean canRestart) {
    /** The environment variable that, unless empty, turns on stack traces. */
    static final String TRACE_VARIABLE = "BGEM3_TRACE";
    private static final int MIB = 1 << 20;

    /** Reports invalid arguments that picocli found. */
    int usage(ParameterException failure, String[] arguments) {
        return usage(OptionArguments.message(failure, arguments), failure, failure.getCommandLine());
    }

    /** Reports an exception that a command threw. */
    int failure(Exception failure, CommandLine command, CommandLine.ParseResult arguments) {
        return failure instanceof UsageException
                ? usage(failure.getMessage(), failure, command)
                : failure(failure);
    }

    private int usage(String message, Exception failure, CommandLine command) {
        String name = command.getCommandSpec().qualifiedName();
        say(message);
        err.println("Try '" + name + " --help'.");
        trace(failure);
        return ExitCodes.USAGE;
    }

    /** Reports any other exception. */
    int failure(Throwable failure) {
        int exitCode = switch (failure) {
            case ReaderGoneException _ -> ExitCodes.DONE;
            case MissingModuleException _ when canRestart -> ExitCodes.RESTART;
            case BackendException e -> {
                say(e.getMessage());
                yield ExitCodes.MACHINE;
            }
            case BgeM3Exception e -> failed(e.getMessage());
            case TokenizerException e -> failed(e.getMessage());
            case StreamException e -> failed(e.getMessage());
            case HubException e -> failed(e.getMessage());
            case ServerStartException e -> failed(e.getMessage());
            // A path from elsewhere, such as the user's home folder: commands check their own arguments.
            case InvalidPathException e ->
                failed(e.getInput() + ": not a path in this locale: " + e.getReason());
            case OutOfMemoryError e -> failed("out of memory: " + e.getMessage() + " (" + cure(e) + ")");
            default ->
                failed("unexpected " + failure.getClass().getName() + ": " + failure.getMessage() + " ("
                        + TRACE_VARIABLE + "=1 shows where)");
        };
        if (exitCode != ExitCodes.DONE && exitCode != ExitCodes.RESTART) {
            trace(failure);
        }
        return exitCode;
    }

    /** Returns the remedy. Java's message begins so if memory outside the heap ran out. */
    private static String cure(OutOfMemoryError failure) {
        long heap = Runtime.getRuntime().maxMemory() / MIB;
        return String.valueOf(failure.getMessage()).startsWith("Unable to allocate")
                ? "outside the heap, where the weights are: give the process more memory, or its heap less "
                        + "than " + heap + " MiB, such as BGEM3_JAVA_OPTS=-Xmx" + Math.max(1, heap / 2) + "m"
                : "the limit is " + heap + " MiB; BGEM3_JAVA_OPTS=-Xmx" + 2 * heap + "m allows twice that";
    }

    private void trace(Throwable failure) {
        if (withTrace) {
            failure.printStackTrace(err);
        }
    }

    private int failed(String message) {
        say(message);
        return ExitCodes.FAILED;
    }

    private void say(String message) {
        err.println("bgem3: " + message);
    }
}
