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
 * A model as plain files in a folder that the caller chose, in the layout of huggingface_hub's
 * {@code local_dir}: {@code .cache/huggingface/download} in that folder holds the part files and, for each
 * file, a metadata file with three lines: commit, digest and time.
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

    /** Requires the metadata file too, because huggingface_hub does not recognise a file without it. */
    @Override
    public boolean isInPlace(RepoFile file) {
        return inPlace.contains(file) && Files.isRegularFile(metadata(file.path()));
    }

    @Override
    public Path part(RepoFile file) {
        return work.resolve(file.path() + "." + file.digest().hex() + ".bgem3.incomplete");
    }

    /** Returns where a verified file waits for the other files. */
    private Path kept(RepoFile file) {
        return work.resolve(file.path() + "." + file.digest().hex() + ".bgem3.verified");
    }

    /** Returns nothing: the names of the Python library's own part files cannot be predicted. */
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
