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
 * Turns what went wrong into one line on standard error and an exit code.
 *
 * @param err
 *            where the line goes
 * @param withTrace
 *            whether the stack trace follows it
 * @param mayStartAgain
 *            whether the program can be started again with the module that it lacks
 */
record Failures(PrintStream err, boolean withTrace, boolean mayStartAgain) {
    /** The environment variable that asks for stack traces, set to anything. */
    static final String TRACE_VARIABLE = "BGEM3_TRACE";
    private static final int MIB = 1 << 20;

    /** What picocli found wrong with the arguments. */
    int usage(ParameterException failure, String[] arguments) {
        return usage(OptionArguments.message(failure, arguments), failure, failure.getCommandLine());
    }

    /** What a command met. */
    int failure(Exception failure, CommandLine command, CommandLine.ParseResult words) {
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

    /** What nobody else dealt with. */
    int failure(Throwable failure) {
        int exitCode = switch (failure) {
            case ReaderGoneException _ -> ExitCodes.DONE;
            case MissingModuleException _ when mayStartAgain -> ExitCodes.AGAIN;
            case BackendException e -> {
                say(e.getMessage());
                yield ExitCodes.MACHINE;
            }
            case BgeM3Exception e -> failed(e.getMessage());
            case TokenizerException e -> failed(e.getMessage());
            case StreamException e -> failed(e.getMessage());
            case HubException e -> failed(e.getMessage());
            case ServerStartException e -> failed(e.getMessage());
            // Such as the user's home folder. Commands check the paths that they are given.
            case InvalidPathException e ->
                failed(e.getInput() + ": not a path in this locale: " + e.getReason());
            case OutOfMemoryError e -> failed("out of memory: " + e.getMessage() + " (" + cure(e) + ")");
            default ->
                failed("unexpected " + failure.getClass().getName() + ": " + failure.getMessage() + " ("
                        + TRACE_VARIABLE + "=1 shows where)");
        };
        if (exitCode != ExitCodes.DONE && exitCode != ExitCodes.AGAIN) {
            trace(failure);
        }
        return exitCode;
    }

    /** What Java says where the system has no memory for what lies outside the heap begins so. */
    private static String cure(OutOfMemoryError failure) {
        long heap = Runtime.getRuntime().maxMemory() / MIB;
        return String.valueOf(failure.getMessage()).startsWith("Unable to allocate")
                ? "outside the heap, where the weights lie: give the process more memory, or its heap less than "
                        + heap + " MiB, such as BGEM3_JAVA_OPTS=-Xmx" + Math.max(1, heap / 2) + "m"
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
