package dev.bgem3.app.model;

import dev.bgem3.HuggingFaceCache;
import dev.bgem3.error.ModelException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds the folder of a named model, or of the default model.
 *
 * <p>
 * A name is a folder's path, or the name of a folder below the project's {@code models/}, or the {@code
 * owner/name} of a model in the {@link HuggingFaceCache}.
 */
public final class ModelFinder {
    /** The environment variable that names the model if no option does. */
    public static final String VARIABLE = "BGEM3_MODEL";
    private static final String DEFAULT_HUB_NAME = "BAAI/bge-m3";
    private static final String DEFAULT_FOLDER = "bge-m3";
    private static final String RERANKER_HUB_NAME = "BAAI/bge-reranker-v2-m3";
    private static final String RERANKER_FOLDER = "bge-reranker-v2-m3";
    private static final String DEMONSTRATION_FOLDER = "bge-m3-mini";

    private final Optional<Path> home;
    private final Map<String, String> environment;
    private final HuggingFaceCache cache;
    private final PrintStream err;

    /**
     * Creates a finder for one project and one environment.
     *
     * @param home
     *            the project's root, if known
     * @param environment
     *            the process's environment variables
     * @param err
     *            gets the notice that the demonstration model is used
     */
    public ModelFinder(Optional<Path> home, Map<String, String> environment, PrintStream err) {
        this.home = home;
        this.environment = environment;
        cache = HuggingFaceCache.of(environment);
        this.err = err;
    }

    /**
     * Finds the named model, or the one that {@code BGEM3_MODEL} names, or the best one available.
     *
     * @throws ModelException
     *             if there is none; the message lists the places searched
     */
    public Path find(Optional<String> name) {
        if (name.isPresent()) {
            return named(name.get(), "model " + name.get());
        }
        String variable = environment.getOrDefault(VARIABLE, "");
        if (!variable.isEmpty()) {
            return named(variable, "model " + variable + " (from " + VARIABLE + ")");
        }
        return defaultModel();
    }

    /**
     * Like {@code find}, but defaults to the best reranker available.
     *
     * @throws ModelException
     *             if there is none; the message lists the places searched
     */
    public Path findReranker(Optional<String> name) {
        if (name.isPresent() || !environment.getOrDefault(VARIABLE, "").isEmpty()) {
            return find(name);
        }
        List<String> places = new ArrayList<>();
        return downloaded(RERANKER_HUB_NAME, RERANKER_FOLDER, places).orElseThrow(() -> notFound("reranker",
                places, "; name one with --model or " + VARIABLE + ", or bgem3 download " + RERANKER_HUB_NAME
                        + " fetches it"));
    }

    private Path named(String name, String subject) {
        List<String> places = new ArrayList<>();
        Path folder;
        try {
            folder = Path.of(name);
        } catch (InvalidPathException e) {
            throw new ModelException(subject + ": not a path: " + e.getReason(), e);
        }
        if (Files.isDirectory(folder)) {
            return folder;
        }
        if (Files.exists(folder)) {
            throw new ModelException(subject + ": is a file (expected: a model folder)");
        }
        places.add("the folder " + folder.toAbsolutePath());
        if (!folder.isAbsolute()) {
            Optional<Path> own = home.map(root -> root.resolve("models").resolve(name));
            if (own.filter(Files::isDirectory).isPresent()) {
                return own.get();
            }
            own.ifPresent(path -> places.add("the folder " + path));
        }
        if (HuggingFaceCache.isName(name)) {
            Path cached = cache.folder(name);
            Optional<Path> snapshot = cache.find(name);
            if (snapshot.isPresent()) {
                return snapshot.get();
            }
            places.add(Files.isDirectory(cached)
                    ? "the Hugging Face cache, where " + cached + " holds no whole revision"
                    : "the Hugging Face cache at " + cache.folder());
            throw notFound(subject, places, "; bgem3 download " + name + " fetches it from the hub");
        }
        throw notFound(subject, places, "");
    }

    private static ModelException notFound(String subject, List<String> places, String cure) {
        return new ModelException(
                subject + ": not found; looked for " + String.join("; for ", places) + cure);
    }

    private Path defaultModel() {
        List<String> places = new ArrayList<>();
        Optional<Path> downloaded = downloaded(DEFAULT_HUB_NAME, DEFAULT_FOLDER, places);
        if (downloaded.isPresent()) {
            return downloaded.get();
        }
        if (home.isPresent()) {
            Path demonstration = home.get().resolve("models").resolve(DEMONSTRATION_FOLDER);
            if (Files.isDirectory(demonstration)) {
                err.println("bgem3: BGE-M3 not found; using the small demonstration model "
                        + DEMONSTRATION_FOLDER
                        + "; bgem3 download fetches BGE-M3 (see models/README.md)");
                return demonstration;
            }
            places.add("the folder " + demonstration);
        }
        throw new ModelException("no model found; looked for " + String.join("; for ", places)
                + "; name one with --model or " + VARIABLE);
    }

    /**
     * Finds a model of the hub below {@code models/} or in the cache; adds the places without it to
     * {@code places}.
     */
    private Optional<Path> downloaded(String hubName, String folder, List<String> places) {
        if (home.isPresent()) {
            Path own = home.get().resolve("models").resolve(folder);
            if (Files.isDirectory(own)) {
                return Optional.of(own);
            }
            places.add("the folder " + own);
        }
        try {
            Optional<Path> snapshot = cache.find(hubName);
            if (snapshot.isEmpty()) {
                places.add(hubName + " in the Hugging Face cache at " + cache.folder());
            }
            return snapshot;
        } catch (ModelException e) {
            // Other models will do where none is named.
            err.println("bgem3: " + e.getMessage());
            places.add(
                    hubName + " in the Hugging Face cache at " + cache.folder() + ", which has only a part");
            return Optional.empty();
        }
    }
}
