package dev.bgem3;

import dev.bgem3.error.ModelException;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
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
     * Fills a temporary folder beside {@code folder} and renames it; on failure nothing is left.
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
            Files.createDirectories(target.getParent());
            Files.createDirectory(part);
            try {
                content.writeTo(part);
                Files.deleteIfExists(target);
                Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                deleteTree(part);
            }
        } catch (IOException e) {
            throw new ModelException(folder + ": cannot be written: " + reason(e), e);
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
