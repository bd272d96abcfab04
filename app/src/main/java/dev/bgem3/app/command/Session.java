package dev.bgem3.app.command;

import dev.bgem3.app.model.ModelFinder;
import dev.bgem3.app.stream.Streams;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * The environment of one run of the program.
 *
 * @param streams
 *            the standard streams
 * @param environment
 *            the environment variables
 * @param home
 *            the project's root, if known; its {@code models/} is searched for models
 */
public record Session(Streams streams, Map<String, String> environment, Optional<Path> home) {
    /** The environment variable that, unless empty, makes the launcher load the Vector API too. */
    public static final String VECTOR_API = "BGEM3_VECTOR_API";

    /** Returns whether there is a launcher, and it has not already loaded the Vector API. */
    boolean canRestart() {
        return home.isPresent() && environment.getOrDefault(VECTOR_API, "").isEmpty();
    }

    ModelFinder models() {
        return new ModelFinder(home, environment, streams.err());
    }
}
