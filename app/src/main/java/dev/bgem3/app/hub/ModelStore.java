package dev.bgem3.app.hub;

import dev.bgem3.ModelFiles;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Where a model's files come to lie: in the cache, or in a folder. For one thread at a time. */
sealed interface ModelStore permits CacheStore, FolderStore {
    /** The folder that holds the model once it is whole. */
    Path folder();

    /** What is locked while the store changes. */
    Path lockFile();

    /** The file's place in the folder. */
    default Path place(RepoFile file) {
        return folder().resolve(file.path());
    }

    /** Whether the file is there with the right size and digest, if not yet in its place. */
    boolean has(RepoFile file);

    /** Where the file's bytes gather. */
    Path part(RepoFile file);

    /** Where huggingface_hub may have left the beginning of the file. */
    Optional<Path> leftover(RepoFile file);

    /** Takes a verified part over; any thread may call, one a file. */
    void keep(RepoFile file);

    /** Makes ready for parts. */
    void prepare();

    /** Puts all files, which are there, into their places; what makes a folder a model comes last. */
    void complete(List<RepoFile> files);

    /** What the file in a place must be, as far as the store knows. */
    Optional<Digest> expected(String path);

    /** Whether a file that {@link #has} found is in its place already. */
    boolean isInPlace(RepoFile file);

    /**
     * The files in the order in which they appear: the configuration, without which nothing is a model, at
     * the end.
     */
    static List<RepoFile> configLast(List<RepoFile> files) {
        return files.stream()
                .sorted(Comparator.comparing(file -> file.path().equals(ModelFiles.CONFIGURATION)))
                .toList();
    }
}
