package dev.bgem3.app;

import dev.bgem3.app.command.Bgem3Command;
import dev.bgem3.app.command.ExitCodes;
import dev.bgem3.app.command.Session;
import dev.bgem3.app.handler.UsageException;
import dev.bgem3.app.stream.Streams;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * The program {@code bgem3}.
 *
 * <p>
 * The launcher passes two system properties: {@code bgem3.home}, the project's root, and {@code
 * bgem3.terminal}, true if standard error is a terminal, which Java cannot detect itself.
 */
public final class Main {
    /** How long work runs before its progress is shown. */
    private static final Duration PROGRESS_DELAY = Duration.ofSeconds(2);

    private Main() {}

    /** Runs the command and ends the process with its exit code. */
    public static void main(String[] arguments) {
        // Not System.out: it swallows write errors, and its encoding depends on the locale.
        Streams streams = new Streams(new FileInputStream(FileDescriptor.in),
                new FileOutputStream(FileDescriptor.out),
                new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
                Boolean.getBoolean("bgem3.terminal") ? Optional.of(PROGRESS_DELAY) : Optional.empty());
        System.exit(run(streams, arguments));
    }

    private static int run(Streams streams, String... arguments) {
        // Number formats and letter case, in libraries too, must not depend on the user's language.
        Locale.setDefault(Locale.ROOT);
        try {
            NativeText.checkArguments(arguments);
            NativeText.checkCurrentFolder();
            Optional<Path> home = NativeText.property("bgem3.home").map(Path::of);
            int exitCode = Bgem3Command.run(new Session(streams, NativeText.environment(), home), arguments);
            if (exitCode != ExitCodes.RESTART) {
                return exitCode;
            }
            streams.say(Launcher.become(home.orElseThrow(), Session.VECTOR_API, arguments));
            return ExitCodes.MACHINE;
        } catch (UsageException e) {
            streams.say(e.getMessage());
            return ExitCodes.USAGE;
        }
    }
}
