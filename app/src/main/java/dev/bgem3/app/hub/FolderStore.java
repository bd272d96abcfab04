package dev.bgem3.app.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A model as plain files in a folder of the caller's, as huggingface_hub's {@code local_dir} lays it out:
 * beside them {@code .cache/huggingface/download} holds the parts, and for each file a line each with commit,
 * digest and time.
 */
final class FolderStore implements ModelStore {
    private final Path folder;
    private final Path work;
    private final String commit;
    private final Set<RepoFile> inPlace = new HashSet<>();

    FolderStore(Path folder, String commit) {
        this.folder = folder.toAbsolutePath().normalize();
        this.work = this.folder.resolve(".cache").resolve("huggingface").resolve("download");
        this.commit = commit;
    }

    @Override
    public Path folder() {
        return folder;
    }

    @Override
    public Path lockFile() {
        return work.resolve("bgem3.lock");
    }

    @Override
    public boolean has(RepoFile file) {
        if (file.digest().matches(place(file), file.size())) {
            inPlace.add(file);
            return true;
        }
        return file.digest().matches(kept(file), file.size());
    }

    /** Not without its line of metadata, by which huggingface_hub knows it. */
    @Override
    public boolean isInPlace(RepoFile file) {
        return inPlace.contains(file) && Files.isRegularFile(metadata(file.path()));
    }

    @Override
    public Path part(RepoFile file) {
        return work.resolve(file.path() + "." + file.digest().hex() + ".bgem3.incomplete");
    }

    /** Verified, and waiting for the others. */
    private Path kept(RepoFile file) {
        return work.resolve(file.path() + "." + file.digest().hex() + ".bgem3.verified");
    }

    /** The Python library gives its own a name that nobody else can know. */
    @Override
    public Optional<Path> leftover(RepoFile file) {
        return Optional.empty();
    }

    @Override
    public void keep(RepoFile file) {
        HubFiles.move(part(file), kept(file));
        PartFile.delete(part(file));
    }

    @Override
    public void prepare() {
        HubFiles.createFolder(work);
    }

    @Override
    public void complete(List<RepoFile> files) {
        for (RepoFile file : ModelStore.configLast(files)) {
            if (!inPlace.contains(file)) {
                HubFiles.move(kept(file), place(file));
            }
            HubFiles.write(metadata(file.path()), commit + "\n" + file.digest().hex() + "\n"
                    + Instant.now().toEpochMilli() / 1e3 + "\n");
        }
    }

    private Path metadata(String path) {
        return work.resolve(path + ".metadata");
    }

    @Override
    public Optional<Digest> expected(String path) {
        Path metadata = metadata(path);
        try {
            return Files.isRegularFile(metadata)
                    ? Files.readString(metadata).lines().skip(1).findFirst().flatMap(Digest::of)
                    : Optional.empty();
        } catch (IOException e) {
            throw HubFiles.failure(metadata, e);
        }
    }
}
