package dev.bgem3.io;

import dev.bgem3.text.Messages;
import java.io.IOException;
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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A file or folder that is written under a temporary name, {@code .NAME.<hex>.part}, and renamed to its
 * target when it is complete. Until then {@link #close()} deletes it with its content, as does a shutdown
 * hook if the virtual machine ends (Ctrl-C, SIGTERM) meanwhile. Once it is complete it is never deleted: if
 * it cannot be renamed, the exception says where it is.
 *
 * <p>
 * Not thread-safe, except for the hook.
 */
public final class UnfinishedPath implements AutoCloseable {
    /** The last step, which brings a complete file or folder to its target. */
    @FunctionalInterface
    public interface LastStep {
        void run() throws IOException;
    }

    /** The writer still runs during the hook, and may add files to the folder that is being deleted. */
    private static final int HOOK_ATTEMPTS = 5;
    /** How much of the target's name to use, so that the name does not exceed the limit of file systems. */
    private static final int NAME_CHARS = 30;
    /** How long the end of the process waits for the last step. */
    private static final long MAX_WAIT_SECONDS = 2;

    private final Path target;
    private final Path path;
    /** If the content is moved into the target entry by entry, the name of the last entry. */
    private final Optional<String> last;
    private final Consumer<String> report;
    /** Held during the last step and while the path is deleted. */
    private final ReentrantLock ending = new ReentrantLock();
    private final Thread hook;
    /** Written with {@code ending} locked. */
    private volatile boolean complete;
    /** Whether the hook has run, so that the last step must not begin. */
    private boolean abandoned;

    private UnfinishedPath(Path target, Path folder, String name, Optional<String> last,
            Consumer<String> report) {
        this.target = target;
        this.last = last;
        this.report = report;
        // By code points, so that no surrogate pair is split.
        int[] start = name.codePoints().limit(NAME_CHARS).toArray();
        path = folder.resolve("." + new String(start, 0, start.length) + "."
                + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".part");
        hook = new Thread(this::deleteAtShutdown, "delete-" + path);
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /**
     * Returns an unused name next to {@code target}; the caller creates the file or folder.
     *
     * @throws IOException
     *             as {@link #requireReplaceable}
     */
    public static UnfinishedPath beside(Path target) throws IOException {
        requireReplaceable(target);
        return new UnfinishedPath(target, target.resolveSibling(""), target.getFileName().toString(),
                Optional.empty(), UnfinishedPath::fail);
    }

    /**
     * Returns an unused name inside an empty folder, for a folder whose content finally moves up. The outer
     * folder then need not be replaced, which fails for a mount point, for example.
     *
     * @param last
     *            the name of the entry to move last, because the others are useless without it
     */
    public static UnfinishedPath inside(Path folder, String last) {
        return new UnfinishedPath(folder, folder, "bgem3", Optional.of(last), UnfinishedPath::fail);
    }

    /**
     * Returns an unused name in a folder, for a caller that performs the last step itself.
     *
     * @param target
     *            gives its name to the path
     * @param report
     *            receives a message if something is left when the virtual machine ends
     */
    public static UnfinishedPath in(Path folder, Path target, Consumer<String> report) {
        return new UnfinishedPath(target, folder, target.getFileName().toString(), Optional.empty(), report);
    }

    /** The virtual machine prints what a hook throws. */
    private static void fail(String message) {
        throw new IllegalStateException(message);
    }

    /**
     * Checks before the work that files can be created in a folder.
     *
     * @throws IOException
     *             if they cannot
     */
    public static void requireWritable(Path folder) throws IOException {
        try (UnfinishedPath part = in(folder, folder.resolve("test"), UnfinishedPath::fail)) {
            Files.createFile(part.path);
        }
    }

    /**
     * Checks before the work that a file can be renamed to a target.
     *
     * @throws IOException
     *             if the target is a folder or a mount point
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

    /** Returns the path to write to. */
    public Path path() {
        return path;
    }

    /**
     * Renames the path to the target, and replaces an existing file.
     *
     * @throws IOException
     *             if that fails; the reason names {@link #path()}, which is kept, and the entries that have
     *             already been moved
     */
    public void complete() throws IOException {
        List<Path> moved = new ArrayList<>();
        try {
            complete(() -> {
                if (last.isPresent()) {
                    moveUp(moved);
                } else {
                    Files.move(path, target, StandardCopyOption.ATOMIC_MOVE);
                }
            });
        } catch (IOException e) {
            FileSystemException failure = new FileSystemException(target.toString(), path.toString(),
                    Messages.reason(e) + kept(moved));
            failure.initCause(e);
            throw failure;
        }
    }

    /**
     * Takes the caller's last step. The path is not deleted any more, even if the step fails.
     *
     * @throws IOException
     *             if the step fails, or the virtual machine is ending and the path has been deleted
     */
    public void complete(LastStep step) throws IOException {
        ending.lock();
        try {
            if (abandoned) {
                throw new IOException("the process is ending");
            }
            complete = true;
            step.run();
        } finally {
            ending.unlock();
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
     * Moves all entries into the target.
     *
     * @param moved
     *            receives the name of each entry that has been moved, for the message of a failure
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

    /** The work of the shutdown hook: waits for the last step if it has begun, or else prevents it. */
    void deleteAtShutdown() {
        try {
            while (!ending.tryLock(MAX_WAIT_SECONDS, TimeUnit.SECONDS)) {
                if (complete) { // Otherwise close() is deleting the path, which takes as long as it takes.
                    report.accept(target + ": the process ends before it is written; what was written is "
                            + "kept in " + path);
                    return;
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return;
        }
        try {
            abandoned = true;
            tryToDelete();
        } finally {
            ending.unlock();
        }
    }

    private void tryToDelete() {
        for (int attempt = 1;; attempt++) {
            try {
                delete();
                return;
            } catch (IOException e) {
                if (attempt == HOOK_ATTEMPTS) {
                    report.accept(path + ": cannot be deleted: " + Messages.reason(e));
                    return;
                }
            }
        }
    }

    private void delete() throws IOException {
        ending.lock();
        try {
            if (!complete) {
                Files.walkFileTree(path, new Deletion());
            }
        } finally {
            ending.unlock();
        }
    }

    private static final class Deletion extends SimpleFileVisitor<Path> {
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
    }
}
