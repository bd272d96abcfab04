package dev.bgem3.app.hub;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A model in the cache, in huggingface_hub's layout, which the package's documentation shows. */
final class CacheStore implements ModelStore {
    private static final String TAG = """
            Signature: 8a477f597d28d172789f06886806bc55
            # This file is a cache directory tag created by bgem3, for huggingface_hub's cache.
            # For information about cache directory tags, see:
            #	https://bford.info/cachedir/
            """;

    private static final Duration QUIET = Duration.ofMinutes(1);

    private final Instant started = Instant.now();
    private final Path cache;
    private final Path model;
    private final HubName name;
    private final String commit;
    private final boolean symlinks;
    /** The snapshot files that blobs were moved to because the file system supports no links. */
    private final Map<Digest, Path> moved = new HashMap<>();
    private final Set<RepoFile> inPlace = new HashSet<>();

    CacheStore(Path cache, HubName name, String commit, boolean symlinks) {
        this.cache = cache.toAbsolutePath().normalize();
        this.model = this.cache.resolve(name.folderName());
        this.name = name;
        this.commit = commit;
        this.symlinks = symlinks;
    }

    /** Returns the commit to which a branch or tag pointed when it was last downloaded. */
    static Optional<String> commitOf(Path cache, HubName name, String revision) {
        Path ref = cache.resolve(name.folderName()).resolve("refs").resolve(revision);
        try {
            return Files.isRegularFile(ref)
                    ? Optional.of(Files.readString(ref).strip()).filter(HubListing::isCommit)
                    : Optional.empty();
        } catch (IOException e) {
            throw HubFiles.failure(ref, e);
        }
    }

    /**
     * Returns whether {@link #noteRevision} has nothing to do.
     *
     * @param keepOther
     *            as for {@link #noteRevision}
     */
    boolean isNoted(String revision, boolean keepOther) {
        Optional<String> noted = commitOf(cache, name, revision);
        if (noted.isEmpty()) {
            return Files.exists(ref(revision)); // Not a reference that we wrote, so leave it.
        }
        return noted.get().equals(commit)
                || keepOther && Files.isDirectory(model.resolve("snapshots").resolve(noted.get()));
    }

    /**
     * Records the commit to which a branch or tag points. The caller holds the store's lock.
     *
     * @param keepOther
     *            whether to keep a reference to another revision that is present: another program may have
     *            followed the branch to a newer commit, and we must not undo that
     */
    void noteRevision(String revision, boolean keepOther) {
        if (!isNoted(revision, keepOther)) {
            // The temporary file is not next to the reference, because every file below refs is read as a
            // reference.
            HubFiles.write(ref(revision), model.resolve("blobs").resolve(commit + ".bgem3.ref"), commit);
        }
    }

    private Path ref(String revision) {
        return model.resolve("refs").resolve(revision);
    }

    @Override
    public Path folder() {
        return model.resolve("snapshots").resolve(commit);
    }

    @Override
    public Path lockFile() {
        return cache.resolve(".locks").resolve(name.folderName()).resolve("bgem3.lock");
    }

    private Path blob(RepoFile file) {
        return model.resolve("blobs").resolve(file.digest().hex());
    }

    @Override
    public boolean has(RepoFile file) {
        if (file.digest().matches(place(file), file.size())) {
            inPlace.add(file);
            return true;
        }
        return file.digest().matches(blob(file), file.size());
    }

    @Override
    public boolean isInPlace(RepoFile file) {
        return inPlace.contains(file);
    }

    @Override
    public Path part(RepoFile file) {
        return model.resolve("blobs").resolve(file.digest().hex() + ".bgem3.incomplete");
    }

    @Override
    public Optional<Path> leftover(RepoFile file) {
        return Optional.of(model.resolve("blobs").resolve(file.digest().hex() + ".incomplete"));
    }

    @Override
    public void keep(RepoFile file) {
        HubFiles.move(part(file), blob(file));
        PartFile.delete(part(file));
        deleteLeftover(leftover(file).get());
    }

    /**
     * Deletes a leftover, unless its writer may still run: the file must not have changed since this call
     * started, nor in the minute before.
     */
    private void deleteLeftover(Path leftover) {
        try {
            if (Files.isRegularFile(leftover)
                    && Files.getLastModifiedTime(leftover).toInstant().isBefore(started.minus(QUIET))) {
                Files.delete(leftover);
            }
        } catch (IOException e) {
            throw HubFiles.failure(leftover, e);
        }
    }

    @Override
    public void prepare() {
        // Without this folder, huggingface_hub considers the model damaged.
        HubFiles.createFolder(model.resolve("snapshots"));
        HubFiles.createFolder(model.resolve("blobs"));
        Path tag = cache.resolve("CACHEDIR.TAG");
        if (!Files.exists(tag)) {
            HubFiles.write(tag, TAG);
        }
    }

    @Override
    public void complete(List<RepoFile> files) {
        for (RepoFile file : ModelStore.configLast(files)) {
            if (!inPlace.contains(file)) {
                HubFiles.createFolder(place(file).getParent());
                link(file);
            }
        }
    }

    /**
     * Creates the link under a temporary name, then moves it into place atomically, replacing a wrong file.
     */
    private void link(RepoFile file) {
        Path place = place(file);
        Path part = model.resolve("blobs").resolve(file.digest().hex() + ".bgem3.link");
        HubFiles.delete(part);
        Path blob = moved.getOrDefault(file.digest(), blob(file));
        try {
            if (symlinks) {
                Files.createSymbolicLink(part, place.getParent().relativize(blob));
            } else {
                Files.createLink(part, blob);
            }
        } catch (UnsupportedOperationException | FileSystemException e) {
            linkOtherwise(file, part, blob);
            return;
        } catch (IOException e) {
            throw HubFiles.failure(part, e);
        }
        HubFiles.move(part, place);
    }

    /**
     * Creates a hard link where symbolic links are refused, as on Windows; without any links, moves the file.
     */
    private void linkOtherwise(RepoFile file, Path part, Path blob) {
        Path place = place(file);
        try {
            Files.createLink(part, blob);
            HubFiles.move(part, place);
        } catch (UnsupportedOperationException | FileSystemException e) {
            if (moved.containsKey(file.digest())) {
                copy(blob, place);
            } else {
                HubFiles.move(blob, place);
                moved.put(file.digest(), place);
            }
        } catch (IOException e) {
            throw HubFiles.failure(part, e);
        }
    }

    private static void copy(Path from, Path to) {
        try {
            Files.copy(from, to);
        } catch (IOException e) {
            throw HubFiles.failure(to, e);
        }
    }

    /** Returns the digest in the blob's name, if the file is a link to a blob. */
    @Override
    public Optional<Digest> expected(String path) {
        Path place = folder().resolve(path);
        try {
            return Files.isSymbolicLink(place)
                    ? Digest.of(Files.readSymbolicLink(place).getFileName().toString())
                    : Optional.empty();
        } catch (IOException e) {
            throw HubFiles.failure(place, e);
        }
    }
}
