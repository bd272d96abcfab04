package dev.bgem3.app;

import dev.bgem3.app.command.Bgem3Command;
import dev.bgem3.app.command.Session;
import dev.bgem3.app.stream.Streams;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Runs the program in this process, with its own streams. */
final class CommandRunner {
    static final Path ROOT = Path.of(System.getProperty("bgem3.root"));
    static final Path FIXTURES = ROOT.resolve("src/fixtures");
    static final Path TINY = FIXTURES.resolve("tiny-m3");
    static final Path RERANKER = FIXTURES.resolve("tiny-reranker");
    static final Path MINI = ROOT.resolve("models/bge-m3-mini");
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The exit code and output of a run. */
    record Result(int exitCode, String out, String err) {
        /** Returns the output's lines as JSON. */
        List<JsonNode> json() {
            return out.lines().map(JSON::readTree).toList();
        }
    }

    private CommandRunner() {}

    static Result run(String... arguments) {
        return runWithInput("", arguments);
    }

    static Result runWithInput(String input, String... arguments) {
        return runWithInput(input.getBytes(StandardCharsets.UTF_8), Map.of(), arguments);
    }

    static Result runWithInput(byte[] input, Map<String, String> environment, String... arguments) {
        return runIn(Optional.of(ROOT), input, environment, arguments);
    }

    static Result runIn(Optional<Path> home, byte[] input, Map<String, String> environment,
            String... arguments) {
        return run(home, input, environment, Optional.empty(), arguments);
    }

    /** Runs the program as if standard error were a terminal, so that it shows progress after a delay. */
    static Result runWatched(Duration progressAfter, String input, String... arguments) {
        return run(Optional.of(ROOT), input.getBytes(StandardCharsets.UTF_8), Map.of(),
                Optional.of(progressAfter), arguments);
    }

    static Result runWatched(Map<String, String> environment, String... arguments) {
        return run(Optional.of(ROOT), new byte[0], environment, Optional.of(Duration.ZERO), arguments);
    }

    private static Result run(Optional<Path> home, byte[] input, Map<String, String> environment,
            Optional<Duration> progressAfter, String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Streams streams = new Streams(new ByteArrayInputStream(input), out,
                new PrintStream(err, true, StandardCharsets.UTF_8), progressAfter);
        int exitCode = Bgem3Command.run(new Session(streams, environment, home), arguments);
        return new Result(exitCode, out.toString(StandardCharsets.UTF_8),
                err.toString(StandardCharsets.UTF_8));
    }

    static JsonNode goldens() {
        return goldens("tiny-m3-goldens.json");
    }

    static JsonNode goldens(String name) {
        return JSON.readTree(FIXTURES.resolve(name).toFile());
    }

    static String quoted(String text) {
        return JSON.writeValueAsString(text);
    }
}
