package dev.bgem3.app.stream;

import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;

/**
 * The destination of the results: standard output, or a file that is written only when they are complete.
 *
 * <p>
 * Until then they are collected in a {@link ResultPart}. If the work fails, or the process gets SIGINT or
 * SIGTERM, the part is deleted and an existing file keeps its content; standard output then ends with a whole
 * line. Symbolic links are followed, even to a file that does not exist yet. A name that is not a regular
 * file, such as {@code /dev/null} or a named pipe, is written directly. So is a {@link Descriptor}, whatever
 * it refers to: others that write through it would not see a new file.
 */
public final class ResultFile implements AutoCloseable {
    private static final int BUFFER = 1 << 16;

    private final String name;
    private final OutputStream stream;
    /** Empty if results are written directly. */
    private final Optional<ResultPart> part;
    /** Present only if results are written directly. */
    private final Optional<Thread> onExit;
    private boolean done;

    private ResultFile(Guarded raw) {
        name = raw.name;
        LineStream lines = new LineStream(raw);
        stream = lines;
        part = Optional.empty();
        onExit = Optional.of(new Thread(lines::endAtLine, "end-at-line"));
        onExit.ifPresent(Runtime.getRuntime()::addShutdownHook);
    }

    private ResultFile(ResultPart part) {
        name = part.name();
        stream = new BufferedOutputStream(new Guarded(name, part.stream(), false), BUFFER);
        this.part = Optional.of(part);
        onExit = Optional.empty();
    }

    /**
     * Opens a file for writing, or standard output for {@code -}. Checks as far as possible whether it can be
     * written, before the work begins.
     *
     * @throws StreamException
     *             if it cannot be written
     */
    public static ResultFile open(String file, Streams streams) {
        Path path = Streams.path(file);
        Optional<Descriptor> descriptor = Descriptor.of(path);
        if (file.equals("-")
                || descriptor.filter(open -> open.number() == Descriptor.STANDARD_OUTPUT).isPresent()) {
            return new ResultFile(new Guarded("standard output", streams.out(), true));
        }
        try {
            return descriptor.isPresent()
                    ? new ResultFile(new Guarded(file, descriptor.get().stream(), false))
                    : open(file, path, streams);
        } catch (IOException e) {
            throw new StreamException(file + ": cannot be written: " + IoFault.reason(e), e);
        }
    }

    private static ResultFile open(String name, Path path, Streams streams) throws IOException {
        Path folder = path.toAbsolutePath().getParent();
        if (folder != null && !attributes(folder).map(BasicFileAttributes::isDirectory).orElse(false)) {
            throw new StreamException(name + ": cannot be written: no such folder: " + folder);
        }
        if (Files.isSymbolicLink(path) && Files.readSymbolicLink(path).toString().endsWith("/")) {
            throw new StreamException(name + ": is a link to the name of a folder, "
                    + Files.readSymbolicLink(path) + " (expected: a file to write)");
        }
        Optional<BasicFileAttributes> attributes = attributes(path);
        if (attributes.isEmpty()) {
            return Files.isSymbolicLink(path)
                    ? open(name, path.resolveSibling(Files.readSymbolicLink(path)), streams)
                    : new ResultFile(ResultPart.ofNew(name, path.toAbsolutePath(), streams));
        }
        if (attributes.get().isDirectory()) {
            throw new StreamException(name + ": is a folder (expected: a file to write)");
        }
        return attributes.get().isRegularFile()
                ? new ResultFile(ResultPart.of(name, new OldFile(path.toRealPath()), streams))
                : new ResultFile(
                        new Guarded(name, Files.newOutputStream(path, StandardOpenOption.WRITE), false));
    }

    /**
     * Returns the number of bytes of a file's absolute path, which systems limit even if the file has a
     * shorter name, relative to the current folder.
     *
     * @throws StreamException
     *             if the name is invalid
     */
    public static int pathBytes(String file) {
        return Streams.path(file).toAbsolutePath().toString().getBytes(SystemCalls.ENCODING).length;
    }

    /** Returns a file's attributes, or empty if it does not exist; throws if its name is invalid. */
    private static Optional<BasicFileAttributes> attributes(Path path) throws IOException {
        try {
            return Optional.of(Files.readAttributes(path, BasicFileAttributes.class));
        } catch (NoSuchFileException _) {
            return Optional.empty();
        }
    }

    /** Returns the stream to write to; it throws {@link StreamException} if writing fails. */
    public OutputStream stream() {
        return stream;
    }

    /** Writes the lines so far, for a reader that waits for them. */
    public void flush() {
        try {
            stream.flush();
        } catch (IOException e) {
            throw new StreamException(name + ": cannot be written: " + IoFault.reason(e), e);
        }
    }

    /** Writes the rest and, if the results go to a file, moves them to its name. */
    public void complete() {
        try {
            stream.flush();
            if (part.isPresent()) {
                done = true;
                part.get().complete();
            } else {
                stream.close();
                removeHook();
                done = true;
            }
        } catch (IOException e) {
            throw new StreamException(name + ": cannot be written: " + IoFault.reason(e), e);
        }
    }

    /**
     * Unless the results are complete, flushes what was written so far to standard output, or deletes it in a
     * file.
     */
    @Override
    public void close() {
        if (done) {
            return;
        }
        done = true;
        try {
            if (part.isPresent()) {
                part.get().close();
            } else {
                try (Closeable _ = this::removeHook) {
                    stream.close();
                }
            }
        } catch (IOException e) {
            throw new StreamException(name + ": cannot be closed: " + IoFault.reason(e), e);
        }
    }

    private void removeHook() {
        try {
            onExit.ifPresent(Runtime.getRuntime()::removeShutdownHook);
        } catch (IllegalStateException _) {
            // The process is exiting, and the hook is running: it has nothing left to do.
            return;
        }
    }

    /** Throws exceptions whose messages name the file. */
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
            // The system's messages for EPIPE on Unix and ERROR_NO_DATA on Windows.
            if (standardOutput
                    && (reason.contains("Broken pipe") || reason.contains("pipe is being closed"))) {
                return new ReaderGoneException(e);
            }
            // What the launcher opens in place of a closed standard output cannot be written.
            boolean closed = standardOutput && reason.contains("Bad file descriptor");
            return new StreamException(name + ": cannot be written: " + (closed ? "it is closed" : reason),
                    e);
        }
    }
}
