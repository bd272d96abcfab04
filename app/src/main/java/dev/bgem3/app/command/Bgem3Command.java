package dev.bgem3.app.command;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The program's commands, and the options and error handling that they share. */
@Command(name = "bgem3", versionProvider = Bgem3Command.Version.class, description = """
        BGE-M3 on the JVM: dense vectors, lexical weights and ColBERT vectors of texts, and their \
        scores.""", //
        footer = {"", "Results go to standard output, messages to standard error.", """
                Exit codes: 0 done, 1 the work failed, 2 invalid arguments, 3 the machine lacks \
                something.""", """
                Environment: BGEM3_MODEL (as --model), BGEM3_JAVA_OPTS (options for Java, such as -Xmx8g), \
                BGEM3_TRACE=1 (stack traces), HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME."""})
public final class Bgem3Command implements Callable<Integer> {
    private static final int HELP_WIDTH = 100;
    /** The commands in the order of the help. */
    static final List<String> COMMANDS = List.of("demo", "encode", "score", "rerank", "explain",
            "tokenize", "info", "verify", "download", "convert", "synth", "bench", "serve");

    private final Session session;

    @Option(names = {"-V", "--version"}, versionHelp = true, description = "Print the version and exit.")
    private boolean version;

    @Spec
    private CommandSpec spec;

    private Bgem3Command(Session session) {
        this.session = session;
    }

    /** Runs the command and returns its exit code, or {@link ExitCodes#RESTART}. */
    public static int run(Session session, String... arguments) {
        boolean withTrace = !session.environment().getOrDefault(Failures.TRACE_VARIABLE, "").isEmpty();
        Failures failures = new Failures(session.streams().err(), withTrace, session.canRestart());
        try {
            return commandLine(session, failures, arguments).execute(OptionArguments.marked(arguments));
        } catch (Throwable failure) {
            // Also catches errors such as OutOfMemoryError: users get one line, not a stack trace.
            return failures.failure(failure);
        }
    }

    private static CommandLine commandLine(Session session, Failures failures, String... arguments) {
        CommandLine commandLine = new CommandLine(new Bgem3Command(session));
        needed(arguments).forEach(name -> commandLine.addSubcommand(name, command(name, session)));
        addHelp(commandLine);
        commandLine.getSubcommands().values().forEach(Bgem3Command::addHelp);
        OptionArguments.apply(commandLine);
        // Without expandAtFiles, a text that begins with @ stays a text; otherwise it would name a file.
        return commandLine.setExpandAtFiles(false).setUsageHelpWidth(HELP_WIDTH)
                .setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF))
                .setOut(new PrintWriter(session.streams().out(), false, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(session.streams().err(), true))
                .setParameterExceptionHandler(failures::usage)
                .setExecutionExceptionHandler(failures::failure);
    }

    /**
     * Returns the command that the arguments name, or all if they name none first; reading the options of a
     * command takes about 10 ms.
     */
    private static List<String> needed(String... arguments) {
        return arguments.length > 0 && COMMANDS.contains(arguments[0]) ? List.of(arguments[0]) : COMMANDS;
    }

    /** Creates one of {@link #COMMANDS}. */
    static Object command(String name, Session session) {
        return switch (name) {
            case "demo" -> new ModelCommands.Demo(session);
            case "encode" -> new EncodeCommand(session);
            case "score" -> new ScoreCommand(session);
            case "rerank" -> new RerankCommand(session);
            case "explain" -> new ExplainCommand(session);
            case "tokenize" -> new TokenizeCommand(session);
            case "info" -> new ModelCommands.Info(session);
            case "verify" -> new ModelCommands.Verify(session);
            case "download" -> new DownloadCommand(session);
            case "convert" -> new ConvertCommand(session);
            case "synth" -> new SynthCommand(session);
            case "bench" -> new BenchCommand(session);
            case "serve" -> new ServeCommand(session);
            default -> throw new AssertionError("no command " + name);
        };
    }

    private static void addHelp(CommandLine command) {
        command.getCommandSpec().addOption(OptionSpec.builder("-h", "--help").usageHelp(true)
                .description("Print this help and exit.").build());
    }

    /** Shows the commands if none was given. */
    @Override
    public Integer call() {
        session.streams().err().println("bgem3: no command was given");
        spec.commandLine().usage(session.streams().err());
        return ExitCodes.USAGE;
    }

    /** Provides the version of the build, and of the Java that runs it. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() throws IOException {
            return new String[]{"bgem3 " + number() + " (Java " + Runtime.version() + ")"};
        }

        static String number() throws IOException {
            Properties build = new Properties();
            try (InputStream in = Bgem3Command.class.getResourceAsStream("/dev/bgem3/app/build.properties")) {
                build.load(in);
            }
            return build.getProperty("version");
        }
    }
}
