package dev.bgem3;

import dev.bgem3.error.ModelException;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Writes a folder that appears under its name only when it is complete. */
final class FolderWriter {
    /** What fills the folder. */
    @FunctionalInterface
    interface Content {
        void writeTo(Path folder) throws IOException;
    }

    private FolderWriter() {}

    /**
     * Fills a temporary folder beside {@code folder} and renames it; on failure nothing is left, parents made
     * for it included.
     *
     * @throws ModelException
     *             where {@code folder} exists and is not an empty folder, or cannot be written
     */
    static void write(Path folder, Content content) {
        Path target = folder.toAbsolutePath().normalize();
        Path part = target.resolveSibling(
                target.getFileName() + "." + Long.toHexString(System.nanoTime()) + ".part");
        try {
            requireVacant(folder);
            List<Path> newParents = missing(target.getParent());
            boolean done = false;
            try {
                Files.createDirectories(target.getParent());
                Files.createDirectory(part);
                content.writeTo(part);
                Files.deleteIfExists(target);
                Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
                done = true;
            } finally {
                if (!done) {
                    deleteTree(part);
                    for (Path parent : newParents) {
                        deleteIfEmpty(parent);
                    }
                }
            }
        } catch (IOException e) {
            throw new ModelException(folder + ": cannot be written: " + reason(e), e);
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

    /** The exception's kind where its message is only a path. */
    private static String reason(IOException e) {
        return e.getClass().getSimpleName().replace("Exception", "") + ": " + e.getMessage();
    }

    private static void deleteTree(Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, IOException failure) throws IOException {
                Files.delete(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
