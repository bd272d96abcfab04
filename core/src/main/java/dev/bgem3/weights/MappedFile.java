package dev.bgem3.weights;

import dev.bgem3.error.BackendException;
import dev.bgem3.error.ModelException;
import dev.bgem3.text.Messages;
import dev.bgem3.text.TooManyOpenFilesException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file mapped whole and read-only, of any size. While it is mapped nobody may shorten the file: the
 * operating system gives no safe way to notice.
 */
public final class MappedFile implements AutoCloseable {
    private final Path path;
    private final Arena arena;
    private final MemorySegment bytes;

    private MappedFile(Path path, Arena arena, MemorySegment bytes) {
        this.path = path;
        this.arena = arena;
        this.bytes = bytes;
    }

    /**
     * Maps the file.
     *
     * @throws ModelException
     *             where it is missing, not a regular file, empty or not readable
     * @throws BackendException
     *             where the process has no room for it, or may open no more files
     */
    public static MappedFile open(Path path) {
        Arena arena = Arena.ofShared();
        MappedFile opened = null;
        try {
            opened = new MappedFile(path, arena, map(path, arena));
            return opened;
        } finally {
            if (opened == null) {
                arena.close();
            }
        }
    }

    private static MemorySegment map(Path path, Arena arena) {
        // A pipe would block, a device has no size.
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new ModelException(
                    path + ": found a " + (Files.isDirectory(path) ? "directory" : "special file")
                            + " (expected: a regular file)");
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size == 0) {
                throw new ModelException(path + ": the file is empty");
            }
            return map(path, channel, size, arena);
        } catch (NoSuchFileException e) {
            throw new ModelException(path + ": no such file", e);
        } catch (UnsupportedOperationException e) {
            throw new ModelException(path + ": cannot be mapped: " + Messages.reason(e), e);
        } catch (IOException e) {
            IOException why = TooManyOpenFilesException.explain(e);
            String message = path + ": cannot be mapped: " + Messages.reason(why);
            throw why instanceof TooManyOpenFilesException
                    ? new BackendException(message, why)
                    : new ModelException(message, why);
        }
    }

    private static MemorySegment map(Path path, FileChannel channel, long size, Arena arena)
            throws IOException {
        try {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
        } catch (IOException e) {
            // Java's "Map failed": nothing is wrong with the file.
            if (e.getCause() instanceof OutOfMemoryError) {
                throw new BackendException(path + ": cannot be mapped: its " + size
                        + " bytes find no room in the process's memory, which the system limits", e);
            }
            throw e;
        }
    }

    /** The file, as it was named at opening. */
    public Path path() {
        return path;
    }

    /** The whole file; valid until this is closed. */
    public MemorySegment bytes() {
        return bytes;
    }

    /** Unmaps the file; a second call does nothing. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
