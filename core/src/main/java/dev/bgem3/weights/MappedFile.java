package dev.bgem3.weights;

import dev.bgem3.error.BackendException;
import dev.bgem3.error.ModelException;
import dev.bgem3.text.FileStart;
import dev.bgem3.text.Messages;
import dev.bgem3.text.TooManyOpenFilesException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file of any size that is mapped completely and read-only. Nobody may shorten the file while it is mapped,
 * because the operating system provides no safe way to detect that.
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
     *             if it is missing, not a regular file, empty or unreadable
     * @throws BackendException
     *             if it does not fit in the process's address space, or the process may not open more files
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
        // Reading a pipe would block, and a device has no size.
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
            // Java's "Map failed": the file is not at fault.
            if (e.getCause() instanceof OutOfMemoryError) {
                throw new BackendException(path + ": cannot be mapped: its " + size
                        + " bytes find no room in the process's memory, which the system limits", e);
            }
            throw e;
        }
    }

    /** Returns the path with which the file was opened. */
    public Path path() {
        return path;
    }

    /** Returns the content of the file, valid until this is closed. */
    public MemorySegment bytes() {
        return bytes;
    }

    /** Returns the first bytes, enough to recognise what the file is. */
    byte[] start() {
        return bytes.asSlice(0, Math.min(bytes.byteSize(), FileStart.BYTES)).toArray(ValueLayout.JAVA_BYTE);
    }

    /** Unmaps the file; a second call does nothing. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
