package dev.bgem3.convert;

import dev.bgem3.error.ModelException;
import dev.bgem3.io.UnfinishedPath;
import dev.bgem3.model.ModelConfig;
import dev.bgem3.text.Messages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Writes a model folder so that its files appear only when all of them are complete. */
final class FolderWriter {
    /** Writes the files of the folder. */
    @FunctionalInterface
    interface Content {
        void writeTo(Path folder) throws IOException;
    }

    private FolderWriter() {}

    /**
     * Fills a temporary folder beside {@code folder} and renames it. If {@code folder} exists, it is kept,
     * because it may be a mount point or its parent may be read-only: the temporary folder is then inside it,
     * and its files are moved up. On failure, or if the JVM is shut down meanwhile, nothing is left behind;
     * after a failure, the parent folders created for it are removed too.
     *
     * @throws ModelException
     *             if {@code folder} exists and is not an empty folder, or cannot be written
     */
    static void write(Path folder, Content content) {
        try {
            requireEmpty(folder);
            Path target = followed(folder);
            List<Path> newParents = missing(target.getParent());
            boolean done = false;
            try {
                Files.createDirectories(target.getParent());
                writePart(target, content);
                done = true;
            } finally {
                if (!done) {
                    for (Path parent : newParents) {
                        deleteIfEmpty(parent);
                    }
                }
            }
        } catch (IOException e) {
            throw new ModelException(folder + ": cannot be written: " + Messages.reason(e), e);
        }
    }

    /** Resolves symbolic links, so that a link is kept and its target is written. */
    private static Path followed(Path folder) throws IOException {
        try {
            return folder.toRealPath();
        } catch (NoSuchFileException _) {
            return Files.isSymbolicLink(folder)
                    ? followed(folder.resolveSibling(Files.readSymbolicLink(folder)))
                    : folder.toAbsolutePath().normalize();
        }
    }

    private static void writePart(Path target, Content content) throws IOException {
        try (UnfinishedPath part = Files.exists(target)
                ? UnfinishedPath.inside(target, ModelConfig.FILE_NAME)
                : UnfinishedPath.beside(target)) {
            Files.createDirectory(part.path());
            content.writeTo(part.path());
            part.complete();
        }
    }

    /** Returns the folder and its parents that do not exist yet, innermost first. */
    private static List<Path> missing(Path folder) {
        List<Path> missing = new ArrayList<>();
        for (Path one = folder; one != null && !Files.exists(one); one = one.getParent()) {
            missing.add(one);
        }
        return missing;
    }

    /** Deletes the folder unless another process has put something there. */
    private static void deleteIfEmpty(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            try (Stream<Path> entries = Files.list(folder)) {
                if (entries.findAny().isPresent()) {
                    return;
                }
            }
            Files.delete(folder);
        }
    }

    private static void requireEmpty(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new ModelException(
                    folder + ": exists and is not a folder (expected: a new or an empty folder)");
        }
        try (Stream<Path> entries = Files.list(folder)) {
            if (entries.findAny().isPresent()) {
                throw new ModelException(
                        folder + ": exists and is not empty (expected: a new or an empty folder)");
            }
        }
    }
}
