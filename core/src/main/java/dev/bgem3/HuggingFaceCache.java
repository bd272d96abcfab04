package dev.bgem3;

import dev.bgem3.error.BackendException;
import dev.bgem3.error.ModelException;
import dev.bgem3.model.HubCache;
import dev.bgem3.text.Messages;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The cache in which Hugging Face's own programs and {@code bgem3 download} keep models, as
 * {@code models--OWNER--NAME/snapshots/REVISION}. This class only reads it and never downloads. Immutable.
 *
 * {@snippet file="dev/bgem3/sample/LoadSamplesTest.java" region="cache"}
 */
public final class HuggingFaceCache {
    private final HubCache cache;

    private HuggingFaceCache(HubCache cache) {
        this.cache = cache;
    }

    /** Returns the cache that this process's environment variables name. */
    public static HuggingFaceCache ofProcess() {
        return new HuggingFaceCache(HubCache.ofProcess());
    }

    /** Returns the cache that these environment variables name, following the rules of huggingface_hub. */
    public static HuggingFaceCache of(Map<String, String> environment) {
        return new HuggingFaceCache(HubCache.of(Objects.requireNonNull(environment, "environment")));
    }

    /** Returns whether a text can be the name of a model on the hub: {@code OWNER/NAME}. */
    public static boolean isName(String text) {
        return HubCache.isName(Objects.requireNonNull(text, "text"));
    }

    /**
     * Returns the cache's folder: {@code HF_HUB_CACHE}, the older {@code HUGGINGFACE_HUB_CACHE},
     * {@code HF_HOME/hub}, {@code XDG_CACHE_HOME/huggingface/hub} or {@code ~/.cache/huggingface/hub}, the
     * first that is set.
     */
    public Path folder() {
        return cache.folder();
    }

    /**
     * Returns the folder in which Hugging Face's programs keep their files: {@code HF_HOME}, or its default.
     */
    public Path home() {
        return cache.home();
    }

    /** Returns the folder of a model, whether it exists or not. */
    public Path folder(String name) {
        return cache.folder(Objects.requireNonNull(name, "name"));
    }

    /**
     * Finds the folder with a model's files: the revision that {@code refs/main} names, else the newest one.
     * Without {@code refs/main}, skips revisions that were not downloaded completely.
     *
     * @param name
     *            such as {@code BAAI/bge-m3}
     * @return empty if there is no complete revision
     * @throws ModelException
     *             if the cache cannot be read, or the revision that {@code refs/main} names has no
     *             {@code config.json} or no weights: an older one in its place would give other vectors
     * @throws BackendException
     *             if the process has too many open files
     */
    public Optional<Path> find(String name) {
        return cache.find(Objects.requireNonNull(name, "name"));
    }

    /** Returns the folder for a path or a name; an existing folder takes precedence over a name. */
    Path folderOf(String model) {
        if (model.isEmpty()) {
            throw new ModelException(
                    "model: empty (expected: a folder, or a name on the hub such as BAAI/bge-m3)");
        }
        Path folder;
        try {
            folder = Path.of(model);
        } catch (InvalidPathException e) {
            throw new ModelException("model " + Messages.printable(model) + ": not a path: " + e.getReason(),
                    e);
        }
        if (Files.exists(folder) || !isName(model)) {
            return folder;
        }
        return find(model).orElseThrow(() -> new ModelException("model " + model
                + ": not found; looked for the folder " + folder.toAbsolutePath()
                + "; for a complete revision in "
                + folder(model) + " (expected: one of them; bgem3 download " + model
                + " fetches it from the hub)"));
    }
}
