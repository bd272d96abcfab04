package dev.bgem3.model;

import dev.bgem3.error.BackendException;
import dev.bgem3.error.BgeM3Exception;
import dev.bgem3.error.ModelException;
import dev.bgem3.text.Messages;
import dev.bgem3.text.TooManyOpenFilesException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The cache in which Hugging Face's own programs keep models, as
 * {@code models--OWNER--NAME/snapshots/REVISION}. This class only reads it. Immutable.
 */
public final class HubCache {
    private static final Pattern NAME = Pattern.compile("[\\w.-]+/[\\w.-]+");

    private final Map<String, String> environment;

    private HubCache(Map<String, String> environment) {
        this.environment = environment;
    }

    /** Returns the cache that this process's environment variables name. */
    public static HubCache ofProcess() {
        return of(System.getenv());
    }

    /** Returns the cache that these environment variables name, following the rules of huggingface_hub. */
    public static HubCache of(Map<String, String> environment) {
        return new HubCache(environment);
    }

    /** Returns whether a text can be the name of a model on the hub: {@code OWNER/NAME}. */
    public static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    /**
     * Returns the cache's folder: {@code HF_HUB_CACHE}, the older {@code HUGGINGFACE_HUB_CACHE},
     * {@code HF_HOME/hub}, {@code XDG_CACHE_HOME/huggingface/hub} or {@code ~/.cache/huggingface/hub}, the
     * first that is set.
     */
    public Path folder() {
        return value("HF_HUB_CACHE").or(() -> value("HUGGINGFACE_HUB_CACHE")).map(this::path)
                .orElseGet(() -> home().resolve("hub"));
    }

    /**
     * Returns the folder in which Hugging Face's programs keep their files: {@code HF_HOME}, or its default.
     */
    public Path home() {
        return value("HF_HOME").map(this::path)
                .orElseGet(() -> value("XDG_CACHE_HOME").map(this::path).orElse(userHome().resolve(".cache"))
                        .resolve("huggingface"));
    }

    /** Returns the folder of a model, whether it exists or not. */
    public Path folder(String name) {
        return folder().resolve("models--" + name.replace("/", "--"));
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
        Path cached = folder(name);
        Path snapshots = cached.resolve("snapshots");
        if (!Files.isDirectory(snapshots)) {
            return Optional.empty();
        }
        try {
            Path main = cached.resolve("refs").resolve("main");
            if (Files.isRegularFile(main)) {
                Path revision = snapshots.resolve(Files.readString(main).strip());
                if (Files.isDirectory(revision)) {
                    return Optional.of(requireComplete(name, revision));
                }
            }
            try (Stream<Path> revisions = Files.list(snapshots)) {
                return revisions.filter(HubCache::isUsable).max(Comparator.comparing(HubCache::changed));
            }
        } catch (IOException e) {
            throw unreadable(cached, e);
        } catch (UncheckedIOException e) { // While the list of revisions was read.
            throw unreadable(cached, e.getCause());
        } catch (InvalidPathException e) {
            throw new ModelException(
                    cached + ": the Hugging Face cache cannot be read: " + e.getMessage(), e);
        }
    }

    private static BgeM3Exception unreadable(Path cached, IOException failure) {
        IOException why = TooManyOpenFilesException.explain(failure);
        String message = cached + ": the Hugging Face cache cannot be read: " + Messages.reason(why);
        return why instanceof TooManyOpenFilesException
                ? new BackendException(message, why)
                : new ModelException(message, why);
    }

    private static Path requireComplete(String name, Path revision) {
        if (!isComplete(revision)) {
            boolean configured = Files
                    .isRegularFile(FolderLayout.of(revision).encoder().resolve(ModelConfig.FILE_NAME));
            throw new ModelException(revision + ": without "
                    + (configured ? "weights" : ModelConfig.FILE_NAME)
                    + " (expected: a whole model, since refs/main names this revision; bgem3 download " + name
                    + " completes it)");
        }
        return revision;
    }

    private static boolean isComplete(Path folder) {
        return FolderLayout.isAdapterAlone(folder) || FolderLayout.of(folder).isComplete();
    }

    /** An older revision that cannot be read is no reason to refuse a newer one. */
    private static boolean isUsable(Path folder) {
        try {
            return isComplete(folder);
        } catch (ModelException _) {
            return false;
        }
    }

    private static FileTime changed(Path folder) {
        return FileTime.fromMillis(folder.toFile().lastModified());
    }

    private Optional<String> value(String variable) {
        return Optional.ofNullable(environment.get(variable)).filter(text -> !text.isEmpty());
    }

    private Path userHome() {
        return pathOf(value("HOME").orElse(System.getProperty("user.home")));
    }

    private static Path pathOf(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new ModelException("the Hugging Face cache: " + Messages.printable(text)
                    + " (expected: a path that Java can read in this locale)", e);
        }
    }

    /** Expands a leading {@code ~}, as the Python library does. */
    private Path path(String text) {
        return text.equals("~") || text.startsWith("~/")
                ? userHome().resolve(text.substring(Math.min(2, text.length())))
                : pathOf(text);
    }
}
