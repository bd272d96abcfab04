package dev.bgem3.app.stream;

import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Where results go: standard output, or a file that appears under its name only when it is complete.
 *
 * <p>
 * The file is written beside its place under another name, and moved in one step; one that it replaces leaves
 * it its permissions. Where the work fails, or the process is asked to end (SIGINT, SIGTERM), what was
 * written is deleted; standard output ends with a whole line then. A name that stands for no regular file, such as {@code /dev/null} or a named pipe, is
 * written to directly.
 */
public final class ResultFile implements AutoCloseable {
    private static final int BUFFER = 1 << 16;

    private final String name;
    private final OutputStream stream;
    /** Null where nothing has to be moved. */
    private final FileChannel partChannel;
    private final Path part;
    private final Path target;
    private final Thread onExit;
    private boolean done;

    private ResultFile(Guarded raw) {
        this(raw, null, null, null);
    }

    private ResultFile(Guarded raw, FileChannel partChannel, Path part, Path target) {
        this.name = raw.name;
        LineStream lines = part == null ? new LineStream(raw) : null;
        this.stream = part == null ? lines : new BufferedOutputStream(raw, BUFFER);
        this.partChannel = partChannel;
        this.part = part;
        this.target = target;
        this.onExit = part == null
                ? new Thread(lines::endAtLine, "end-at-line")
                : new Thread(() -> part.toFile().delete(), "delete-" + part);
        Runtime.getRuntime().addShutdownHook(onExit);
    }

    /**
     * Opens a file for writing, or standard output for {@code -}.
     *
     * @throws StreamException
     *             where it cannot be written
     */
    public static ResultFile open(String file, Streams streams) {
        if (file.equals("-")) {
            return new ResultFile(new Guarded("standard output", streams.out(), true));
        }
        Path path = Streams.path(file);
        if (Files.isDirectory(path)) {
            throw new StreamException(file + ": is a folder (expected: a file to write)");
        }
        try {
            if (!Files.exists(path)) {
                return openPart(file, path.toAbsolutePath(), null);
            }
            if (!Files.isRegularFile(path)) {
                return new ResultFile(
                        new Guarded(file, Files.newOutputStream(path, StandardOpenOption.WRITE), false));
            }
            if (!Files.isWritable(path)) {
                throw new StreamException(file + ": cannot be written: permission denied");
            }
            Path target = path.toRealPath();
            return openPart(file, target, permissions(target));
        } catch (IOException e) {
            throw new StreamException(file + ": cannot be written: " + IoFault.reason(e), e);
        }
    }

    /** Who may do what with a file that is to be replaced; null where the file system does not say. */
    private static Set<PosixFilePermission> permissions(Path file) throws IOException {
        PosixFileAttributeView view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
        return view == null ? null : view.readAttributes().permissions();
    }

    private static ResultFile openPart(String name, Path target, Set<PosixFilePermission> permissions)
            throws IOException {
        Path folder = target.getParent();
        if (!Files.isDirectory(folder)) {
            throw new StreamException(name + ": cannot be written: no such folder: " + folder);
        }
        String suffix = Long.toUnsignedString(ThreadLocalRandom.current().nextLong(), Character.MAX_RADIX);
        Path part = folder.resolve("." + target.getFileName() + "." + suffix + ".part");
        Set<StandardOpenOption> create = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        FileChannel channel = permissions == null
                ? FileChannel.open(part, create)
                : FileChannel.open(part, create, PosixFilePermissions.asFileAttribute(permissions));
        ResultFile file = new ResultFile(new Guarded(name, Channels.newOutputStream(channel), false), channel,
                part, target);
        if (permissions != null) {
            try {
                // What the process's umask took away.
                Files.setPosixFilePermissions(part, permissions);
            } catch (IOException e) {
                try (file) {
                    throw e;
                }
            }
        }
        return file;
    }

    /** Where to write; a failure to write is a {@link StreamException}. */
    public OutputStream stream() {
        return stream;
    }

    /** Hands on the lines so far, for a reader that waits for them. */
    public void flush() {
        try {
            stream.flush();
        } catch (IOException e) {
            throw new StreamException(name + ": cannot be written: " + IoFault.reason(e), e);
        }
    }

    /** Ends the writing: all is on its way to the disk or the reader, and the file stands under its name. */
    public void complete() {
        try {
            stream.flush();
            if (part != null) {
                partChannel.force(true);
                stream.close();
                move();
            } else {
                stream.close();
            }
            removeHook();
            done = true;
        } catch (IOException e) {
            throw new StreamException(name + ": cannot be written: " + IoFault.reason(e), e);
        }
    }

    private void move() throws IOException {
        try {
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException _) {
            Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /**
     * Where the work was not completed: what was written so far goes to the reader of standard output, or is
     * deleted.
     */
    @Override
    public void close() {
        if (done) {
            return;
        }
        done = true;
        try {
            if (part == null) {
                try (Closeable _ = this::removeHook) {
                    stream.close();
                }
            } else {
                discard();
            }
        } catch (IOException e) {
            throw new StreamException(name + ": cannot be closed: " + IoFault.reason(e), e);
        }
    }

    /** Whatever fails, the rest is tried. */
    private void discard() throws IOException {
        try (Closeable _ = this::removeHook; Closeable _ = () -> Files.deleteIfExists(part)) {
            partChannel.close();
        }
    }

    private void removeHook() {
        try {
            Runtime.getRuntime().removeShutdownHook(onExit);
        } catch (IllegalStateException _) {
            // The process is ending, and the hook runs: it finds nothing left to do.
            return;
        }
    }

    /** Names the file in what goes wrong. */
    private static final class Guarded extends FilterOutputStream {
        private final String name;
        private final boolean standardOutput;

        Guarded(String name, OutputStream out, boolean standardOutput) {
            super(out);
            this.name = name;
            this.standardOutput = standardOutput;
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            try {
                out.write(bytes, from, length);
            } catch (IOException e) {
                throw failure(e);
            }
        }

        @Override
        public void flush() {
            try {
                out.flush();
            } catch (IOException e) {
                throw failure(e);
            }
        }

        private StreamException failure(IOException e) {
            String reason = IoFault.reason(e);
            // The system's words for EPIPE on Unix, and for ERROR_NO_DATA on Windows.
            if (standardOutput
                    && (reason.contains("Broken pipe") || reason.contains("pipe is being closed"))) {
                return new ReaderGoneException(e);
            }
            return new StreamException(name + ": cannot be written: " + reason, e);
        }
    }
}
