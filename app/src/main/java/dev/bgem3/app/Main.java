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
 * The launcher tells it two things by system properties: {@code bgem3.home}, the project's root, and {@code
 * bgem3.terminal}, true where standard error is a terminal, which Java cannot find out by itself.
 */
public final class Main {
    /** How long work lasts before its progress is drawn. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private Main() {}

    /** Runs one call and ends the process with its exit code. */
    public static void main(String[] arguments) {
        // The bare descriptors: System.out swallows write errors, and its encoding is not ours to say.
        Streams streams = new Streams(new FileInputStream(FileDescriptor.in),
                new FileOutputStream(FileDescriptor.out),
                new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
                Boolean.getBoolean("bgem3.terminal") ? Optional.of(PATIENCE) : Optional.empty());
        System.exit(run(streams, arguments));
    }

    private static int run(Streams streams, String... arguments) {
        // Keeps number formats and letter case, those of libraries too, independent of the user's language.
        Locale.setDefault(Locale.ROOT);
        try {
            NativeText.checkArguments(arguments);
            NativeText.checkCurrentFolder();
            Optional<Path> home = NativeText.property("bgem3.home").map(Path::of);
            int exitCode = Bgem3Command.run(new Session(streams, NativeText.environment(), home), arguments);
            if (exitCode != ExitCodes.AGAIN) {
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
