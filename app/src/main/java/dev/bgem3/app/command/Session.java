package dev.bgem3.app.command;

import dev.bgem3.app.model.ModelFinder;
import dev.bgem3.app.stream.Streams;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * What a call of the program may touch.
 *
 * @param streams
 *            its standard streams
 * @param environment
 *            its environment variables
 * @param home
 *            the project's root, below which models are looked for, if it is known
 */
public record Session(Streams streams, Map<String, String> environment, Optional<Path> home) {
    /** The environment variable that has the launcher leave nothing out, unless it is empty. */
    public static final String VECTOR_API = "BGEM3_VECTOR_API";

    /** Whether there is a launcher to become, which has not left everything in already. */
    boolean mayStartAgain() {
        return home.isPresent() && environment.getOrDefault(VECTOR_API, "").isEmpty();
    }

    ModelFinder models() {
        return new ModelFinder(home, environment, streams.err());
    }
}
