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

/** A model in the cache, as huggingface_hub lays it out; the package's page shows how. */
final class CacheStore implements ModelStore {
    private static final String TAG = """
            Signature: 8a477f597d28d172789f06886806bc55
            # This file is a cache directory tag created by bgem3, for huggingface_hub's cache.
            # For information about cache directory tags, see:
            #	https://bford.info/cachedir/
            """;

    private static final Duration QUIET = Duration.ofMinutes(1);

    private final Instant begun = Instant.now();
    private final Path cache;
    private final Path model;
    private final HubName name;
    private final String commit;
    private final boolean symlinks;
    /** Where a blob went that could not be linked to. */
    private final Map<Digest, Path> moved = new HashMap<>();
    private final Set<RepoFile> inPlace = new HashSet<>();

    CacheStore(Path cache, HubName name, String commit, boolean symlinks) {
        this.cache = cache.toAbsolutePath().normalize();
        this.model = this.cache.resolve(name.folderName());
        this.name = name;
        this.commit = commit;
        this.symlinks = symlinks;
    }

    /** The commit that a branch or tag stood for when it was last downloaded. */
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
     * Whether {@link #noteRevision} has nothing to do.
     *
     * @param keepOther
     *            as there
     */
    boolean isNoted(String revision, boolean keepOther) {
        Optional<String> noted = commitOf(cache, name, revision);
        if (noted.isEmpty()) {
            return Files.exists(ref(revision)); // Whatever it is, it is not ours.
        }
        return noted.get().equals(commit)
                || keepOther && Files.isDirectory(model.resolve("snapshots").resolve(noted.get()));
    }

    /**
     * Notes what a branch or tag stands for. The caller holds the store's lock.
     *
     * @param keepOther
     *            whether to leave it where it leads to another revision that is there: another program may
     *            have followed the branch further, and its state is not ours to take back
     */
    void noteRevision(String revision, boolean keepOther) {
        if (!isNoted(revision, keepOther)) {
            // Not beside it: whatever stands below refs is a reference.
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
     * Of no more use, unless its writer is alive: nothing touched it since this call began, nor a while
     * before.
     */
    private void deleteLeftover(Path leftover) {
        try {
            if (Files.isRegularFile(leftover)
                    && Files.getLastModifiedTime(leftover).toInstant().isBefore(begun.minus(QUIET))) {
                Files.delete(leftover);
            }
        } catch (IOException e) {
            throw HubFiles.failure(leftover, e);
        }
    }

    @Override
    public void prepare() {
        // huggingface_hub takes a model without it for a damaged one.
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

    /** Makes the link under another name first: it takes its own in one step, in place of a wrong one. */
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
     * Where the file system, as that of Windows, refuses symbolic links, or any: the file itself goes there.
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

    /** The blob's name tells, where a link leads to it. */
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
