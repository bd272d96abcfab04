package dev.bgem3.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A file or folder that is written under a name of its own beside its target, {@code NAME.<hex>.part}, and
 * takes the target's name when it is complete. Until then it is deleted, with all that is in it, by
 * {@link #close()}, or by a shutdown hook where the virtual machine is told to end (Ctrl-C, SIGTERM) while it
 * is written.
 *
 * <p>
 * For one thread; the hook has its own.
 */
public final class UnfinishedPath implements AutoCloseable {
    /**
     * Whoever writes the path is not stopped while the hook runs, and may add to a folder that is being
     * deleted.
     */
    private static final int HOOK_ATTEMPTS = 5;

    private final Path target;
    private final Path path;
    private final Thread hook;

    private UnfinishedPath(Path target, Path path) {
        this.target = target;
        this.path = path;
        hook = new Thread(this::deleteAtShutdown, "delete-" + path);
    }

    /** A name beside {@code target} where nothing is yet; the caller makes the file or folder. */
    public static UnfinishedPath beside(Path target) {
        String suffix = "." + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".part";
        UnfinishedPath unfinished = new UnfinishedPath(target,
                target.resolveSibling(target.getFileName() + suffix));
        Runtime.getRuntime().addShutdownHook(unfinished.hook);
        return unfinished;
    }

    /** Where to write. */
    public Path path() {
        return path;
    }

    /**
     * Gives what is written the target's name, in place of a file or an empty folder that has it.
     *
     * @throws IOException
     *             where that fails: the target is then what it was before
     */
    public void complete() throws IOException {
        try {
            Files.move(path, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException e) {
            if (!Files.isDirectory(target) || !Files.isDirectory(path)) {
                throw e;
            }
            replaceEmptyFolder();
        }
    }

    /** Where the file system, as that of Windows, renames onto no folder, not even an empty one. */
    private void replaceEmptyFolder() throws IOException {
        Files.delete(target);
        boolean moved = false;
        try {
            Files.move(path, target, StandardCopyOption.ATOMIC_MOVE);
            moved = true;
        } finally {
            if (!moved) {
                Files.createDirectory(target);
            }
        }
    }

    /** Deletes what was not completed. */
    @Override
    public void close() throws IOException {
        try {
            delete();
        } finally {
            removeHook();
        }
    }

    private void removeHook() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The virtual machine is ending: the hook runs already, and finds nothing left to delete.
            return;
        }
    }

    private void deleteAtShutdown() {
        for (int attempt = 1;; attempt++) {
            try {
                delete();
                return;
            } catch (IOException e) {
                if (attempt == HOOK_ATTEMPTS) {
                    throw new UncheckedIOException("cannot be deleted: " + path, e);
                }
            }
        }
    }

    private synchronized void delete() throws IOException {
        Files.walkFileTree(path, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                if (!(failure instanceof NoSuchFileException)) {
                    throw failure;
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.deleteIfExists(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
