package dev.bgem3.io;

import dev.bgem3.text.Messages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A file or folder that is written under a name of its own, {@code NAME.<hex>.part}, and takes its target's
 * name when it is complete. Until then it is deleted, with all that is in it, by {@link #close()}, or by a
 * shutdown hook where the virtual machine is told to end (Ctrl-C, SIGTERM) while it is written. Once it is
 * complete it is never deleted: where it cannot take the name, the exception tells where it is.
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
    /** Of the target's name; the whole could make a name that is longer than file systems allow. */
    private static final int NAME_CHARS = 30;

    private final Path target;
    private final Path path;
    /** Where the content moves into the target one by one, the name of what moves last. */
    private final Optional<String> last;
    private final Thread hook;
    private boolean complete;

    private UnfinishedPath(Path target, Path folder, String name, Optional<String> last) {
        this.target = target;
        this.last = last;
        int[] start = name.codePoints().limit(NAME_CHARS).toArray();
        path = folder.resolve(new String(start, 0, start.length) + "."
                + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".part");
        hook = new Thread(this::deleteAtShutdown, "delete-" + path);
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /**
     * A name beside {@code target} where nothing is yet; the caller makes the file or folder.
     *
     * @throws IOException
     *             as {@link #requireReplaceable} says
     */
    public static UnfinishedPath beside(Path target) throws IOException {
        requireReplaceable(target);
        return new UnfinishedPath(target, target.resolveSibling(""), target.getFileName().toString(),
                Optional.empty());
    }

    /**
     * A name inside an empty folder where nothing is yet, for a folder whose content moves up in the end. So
     * the folder itself need not be replaced, which fails for a mount point, for example.
     *
     * @param last
     *            the name of what moves last, since the rest counts for nothing without it
     */
    public static UnfinishedPath inside(Path folder, String last) {
        return new UnfinishedPath(folder, folder, "bgem3", Optional.of(last));
    }

    /**
     * Finds out before the work whether files can be made in a folder.
     *
     * @throws IOException
     *             where they cannot
     */
    public static void requireWritable(Path folder) throws IOException {
        try (UnfinishedPath part = new UnfinishedPath(folder, folder, "test", Optional.empty())) {
            Files.createFile(part.path);
        }
    }

    /**
     * Finds out before the work whether a file can take a name.
     *
     * @throws IOException
     *             where a folder has it, or something is mounted there
     */
    public static void requireReplaceable(Path target) throws IOException {
        if (Files.isDirectory(target)) {
            throw new FileSystemException(target.toString(), null, "it is a folder");
        }
        // A link may lead to a mount point: only the link is replaced.
        if (Files.exists(target) && MountPoints.contain(
                target.toAbsolutePath().getParent().toRealPath().resolve(target.getFileName()))) {
            throw new FileSystemException(target.toString(), null,
                    "it is a mount point, so no new file can take its place");
        }
    }

    /** Where to write. */
    public Path path() {
        return path;
    }

    /**
     * Gives what is written the target's name, in place of a file that has it.
     *
     * @throws IOException
     *             where that fails: its reason names {@link #path()}, which stays, and what has moved out of
     *             it already
     */
    public synchronized void complete() throws IOException {
        complete = true;
        List<Path> moved = new ArrayList<>();
        try {
            if (last.isPresent()) {
                moveUp(moved);
            } else {
                Files.move(path, target, StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (IOException e) {
            FileSystemException failure = new FileSystemException(target.toString(), path.toString(),
                    Messages.reason(e) + kept(moved));
            failure.initCause(e);
            throw failure;
        }
    }

    private String kept(List<Path> moved) {
        return moved.isEmpty()
                ? "; what was written is kept in " + path
                : moved.stream().map(Path::toString)
                        .collect(Collectors.joining(", ", "; in the folder already: ",
                                "; the rest is kept in " + path));
    }

    /**
     * Moves all into the target.
     *
     * @param moved
     *            given the name of each that is there, for who must say what is where
     */
    private void moveUp(List<Path> moved) throws IOException {
        if (!entries(target).equals(List.of(path))) {
            throw new DirectoryNotEmptyException(target.toString());
        }
        List<Path> entries = new ArrayList<>(entries(path));
        entries.sort(Comparator.comparing((Path entry) -> entry.endsWith(last.get()))
                .thenComparing(Comparator.naturalOrder()));
        for (Path entry : entries) {
            Path name = entry.getFileName();
            try {
                Files.move(entry, target.resolve(name), StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                throw new IOException(name + " cannot be moved there: " + Messages.reason(e), e);
            }
            moved.add(name);
        }
        Files.delete(path);
    }

    private static List<Path> entries(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.toList();
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
        if (complete) {
            return;
        }
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
