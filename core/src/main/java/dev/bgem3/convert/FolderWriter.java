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

/** Writes a model folder: a new one appears, and an empty one is filled, only when all is complete. */
final class FolderWriter {
    /** What fills the folder. */
    @FunctionalInterface
    interface Content {
        void writeTo(Path folder) throws IOException;
    }

    private FolderWriter() {}

    /**
     * Fills a temporary folder beside {@code folder} and renames it. One that exists stays, since it may be a
     * mount point, or the folder around it closed: the temporary folder is then inside, and what is in it
     * moves up. On failure, and where the virtual machine is told to end meanwhile, nothing is left; after a
     * failure neither are parents made for it.
     *
     * @throws ModelException
     *             where {@code folder} exists and is not an empty folder, or cannot be written
     */
    static void write(Path folder, Content content) {
        try {
            requireVacant(folder);
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

    /** Where the folder is, or is to be: a link stays, and what it leads to is written. */
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

    /** A folder and those above it that are not there yet, the innermost first. */
    private static List<Path> missing(Path folder) {
        List<Path> missing = new ArrayList<>();
        for (Path one = folder; one != null && !Files.exists(one); one = one.getParent()) {
            missing.add(one);
        }
        return missing;
    }

    /** Another may have put something there meanwhile. */
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

    private static void requireVacant(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new ModelException(
                    folder + ": exists and is no folder (expected: a new or an empty folder)");
        }
        try (Stream<Path> entries = Files.list(folder)) {
            if (entries.findAny().isPresent()) {
                throw new ModelException(
                        folder + ": exists and is not empty (expected: a new or an empty folder)");
            }
        }
    }
}
