package dev.bgem3.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The server that a page's commands start and ask, on a port that is free. */
final class ServerProcess implements AutoCloseable {
    private static final Pattern SERVE = Pattern.compile("([A-Z0-9_]+=\\S+ )*(\\./)?bgem3 serve\\b.*");
    private static final Pattern PORT_OPTION = Pattern.compile(" --port \\d+");
    private static final Pattern ADDRESS = Pattern.compile("http://127\\.0\\.0\\.1:\\d+");
    private static final int START_SECONDS = 60;

    private final InstalledProgram program;
    private final Path folder;
    private Process process;
    private String address = "http://127.0.0.1:9";

    ServerProcess(InstalledProgram program, Path folder) {
        this.program = program;
        this.folder = folder;
    }

    static boolean isServer(DocumentPage.Command command) {
        return SERVE.matcher(command.words()).matches();
    }

    /** Where the server last started answers; before the first a port that nobody listens on. */
    String address() {
        return address;
    }

    /** Starts a server in place of the one before. */
    void start(DocumentPage.Command command) throws Exception {
        close();
        Path log = Files.createTempFile(folder, "serve", ".log");
        // A shell with one command becomes it, so that the signal reaches the server.
        process = program.process(folder, Map.of(),
                PORT_OPTION.matcher(command.words()).replaceAll("") + " --port 0")
                .redirectErrorStream(true).redirectOutput(log.toFile()).start();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (true) {
            Matcher found = ADDRESS.matcher(Files.readString(log));
            if (found.find()) {
                address = found.group();
                return;
            }
            assertThat(process.isAlive() && System.nanoTime() < end).as("%s: %s", command, log).isTrue();
            Thread.sleep(20);
        }
    }

    /** Ends it as a supervisor would. */
    @Override
    public void close() {
        if (process == null) {
            return;
        }
        process.destroy();
        try {
            assertThat(process.waitFor(START_SECONDS, TimeUnit.SECONDS)).as("ended").isTrue();
            assertThat(process.exitValue()).isZero();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            process.destroyForcibly();
            process = null;
        }
    }
}
