package dev.bgem3.app.hub;

import dev.bgem3.ModelFiles;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The place where a model's files are stored: the cache, or a folder. Not thread-safe. */
sealed interface ModelStore permits CacheStore, FolderStore {
    /** Returns the folder that contains the complete model. */
    Path folder();

    /** Returns the file to lock while the store changes. */
    Path lockFile();

    /** Returns the file's path in the folder. */
    default Path place(RepoFile file) {
        return folder().resolve(file.path());
    }

    /** Returns whether the file exists with the right size and digest, perhaps not yet at its final path. */
    boolean has(RepoFile file);

    /** Returns the part file that collects the file's bytes. */
    Path part(RepoFile file);

    /** Returns the path at which huggingface_hub may have left the beginning of the file. */
    Optional<Path> leftover(RepoFile file);

    /** Adopts a verified part file. Threads may call this concurrently, for different files. */
    void keep(RepoFile file);

    /** Creates the folders that part files need. */
    void prepare();

    /** Moves or links all files, which must exist, to their final paths, the configuration last. */
    void complete(List<RepoFile> files);

    /** Returns the digest that the file at this path must have, if the store knows it. */
    Optional<Digest> expected(String path);

    /** Returns whether a file that {@link #has} found is already at its final path. */
    boolean isInPlace(RepoFile file);

    /**
     * Returns the files with the configuration last, because a folder without it does not count as a model.
     */
    static List<RepoFile> configLast(List<RepoFile> files) {
        return files.stream()
                .sorted(Comparator.comparing(file -> file.path().equals(ModelFiles.CONFIGURATION)))
                .toList();
    }
}
