package dev.bgem3.app.stream;

import dev.bgem3.io.UnfinishedPath;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;

/**
 * The file that collects results until they are complete. It then replaces the target file, or is copied into
 * it if a new file cannot or should not replace it.
 *
 * <p>
 * The part is in the target's folder, or in the temporary folder if the target is writable but its folder is
 * not. It is deleted if the work fails or the process is told to exit. Once the work is done it is never
 * deleted: if a later step fails, the message tells where it is.
 */
final class ResultPart implements AutoCloseable {
    private static final Set<StandardOpenOption> CREATE = Set.of(StandardOpenOption.CREATE_NEW,
            StandardOpenOption.WRITE);

    private final String name;
    private final Path target;
    private final boolean inPlace;
    private final UnfinishedPath part;
    private final FileChannel channel;
    private final Streams streams;

    private ResultPart(String name, Path target, boolean inPlace, UnfinishedPath part, FileChannel channel,
            Streams streams) {
        this.name = name;
        this.target = target;
        this.inPlace = inPlace;
        this.part = part;
        this.channel = channel;
        this.streams = streams;
    }

    /**
     * Creates a part for a new file.
     *
     * @param name
     *            the file's name in messages
     * @param target
     *            the file's path without symbolic links
     */
    static ResultPart ofNew(String name, Path target, Streams streams) throws IOException {
        UnfinishedPath part = UnfinishedPath.in(target.getParent(), target, streams::say);
        return new ResultPart(name, target, false, part, create(part), streams);
    }

    /**
     * Creates a part for an existing file. Reports if that file will be written in place.
     *
     * @throws StreamException
     *             if no part can be created
     */
    static ResultPart of(String name, OldFile old, Streams streams) throws IOException {
        old.requireWritable();
        UnfinishedPath part = UnfinishedPath.in(old.path().getParent(), old.path(), streams::say);
        FileChannel channel;
        try {
            channel = createPrivate(part);
        } catch (IOException e) {
            return inTemporaryFolder(name, old.path(), IoFault.reason(e), streams);
        }
        try {
            Optional<String> reason = old.reasonToStay();
            if (reason.isEmpty()) {
                reason = old.makeAlike(part.path());
            }
            reason.ifPresent(why -> streams.say(name + ": will be written in place at the end: " + why));
            return new ResultPart(name, old.path(), reason.isPresent(), part, channel, streams);
        } catch (IOException | RuntimeException | Error e) {
            try (part) {
                channel.close();
            } catch (IOException another) {
                e.addSuppressed(another);
            }
            throw e;
        }
    }

    private static ResultPart inTemporaryFolder(String name, Path target, String fault, Streams streams) {
        Path folder = Path.of(System.getProperty("java.io.tmpdir"));
        UnfinishedPath part = UnfinishedPath.in(folder, target, streams::say);
        try {
            FileChannel channel = createPrivate(part);
            streams.say(name + ": will be written in place at the end: its folder cannot be written (" + fault
                    + "); until then the results are in " + part.path());
            return new ResultPart(name, target, true, part, channel, streams);
        } catch (IOException e) {
            throw new StreamException(name + ": no place for the results until all are there: neither its "
                    + "folder (" + fault + ") nor the temporary folder " + folder + " (" + IoFault.reason(e)
                    + ") can be written (BGEM3_JAVA_OPTS=-Djava.io.tmpdir=DIR names another)", e);
        }
    }

    /** Creates a file that only its owner may read, since the file it replaces may not be public. */
    private static FileChannel createPrivate(UnfinishedPath part) throws IOException {
        return create(part, part.path().getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[]{PosixFilePermissions
                        .asFileAttribute(PosixFilePermissions.fromString("rw-------"))}
                : new FileAttribute<?>[0]);
    }

    private static FileChannel create(UnfinishedPath part, FileAttribute<?>... attributes)
            throws IOException {
        try {
            return FileChannel.open(part.path(), CREATE, attributes);
        } catch (IOException e) {
            try (part) { // No shutdown hook may stay.
                throw e;
            }
        }
    }

    /** Returns the name to use in messages if the part cannot be written. */
    String name() {
        return part.path().getParent().equals(target.getParent()) ? name : part.path().toString();
    }

    OutputStream stream() {
        return Channels.newOutputStream(channel);
    }

    /**
     * Moves the results to the target after the work is done and written.
     *
     * @throws StreamException
     *             if that fails; the message tells where the results are
     */
    void complete() {
        try (part; FileChannel _ = channel) {
            part.complete(this::moveOrCopy);
        } catch (IOException e) {
            // The folder may have been moved or deleted meanwhile.
            String kept = Files.exists(part.path()) ? "; the results are kept in " + part.path() : "";
            throw new StreamException(name + ": cannot be written: " + IoFault.reason(e) + kept, e);
        }
    }

    private void moveOrCopy() throws IOException {
        if (!inPlace) {
            // Before the move, so that after a crash the target does not lack its content.
            channel.force(true);
        }
        channel.close();
        if (inPlace) {
            writeInPlace();
        } else {
            replace();
        }
    }

    private void replace() throws IOException {
        try {
            Files.move(part.path(), target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            writeInPlace();
            streams.say(name + ": was written in place, since no new file could take its place: "
                    + IoFault.reason(e));
        }
    }

    /** Writes beyond the old end first: if the disk is full, the old content is not lost. */
    private void writeInPlace() throws IOException {
        boolean isNew = Files.notExists(target);
        // In a sticky folder O_CREAT does not open another user's file on Linux (fs.protected_regular).
        try (FileChannel in = FileChannel.open(part.path());
                FileChannel out = isNew
                        ? FileChannel.open(target, CREATE)
                        : FileChannel.open(target, StandardOpenOption.WRITE)) {
            long size = in.size();
            long oldSize = out.size();
            long both = Math.min(oldSize, size);
            try {
                copy(in, both, size, out);
            } catch (IOException e) {
                undo(out, oldSize, isNew, e);
                throw e;
            }
            copy(in, 0, both, out);
            out.truncate(size);
            out.force(true);
        }
        try {
            Files.deleteIfExists(part.path());
        } catch (IOException e) {
            streams.say(part.path() + ": cannot be deleted: " + IoFault.reason(e));
        }
    }

    /** Restores the target after a failed copy. If a step fails, the other is still tried. */
    private void undo(FileChannel out, long oldSize, boolean isNew, IOException cause) {
        try {
            out.truncate(oldSize);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
        try {
            if (isNew) {
                Files.deleteIfExists(target);
            }
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    private static void copy(FileChannel in, long from, long to, FileChannel out) throws IOException {
        out.position(from);
        for (long at = from; at < to;) {
            long count = in.transferTo(at, to - at, out);
            if (count <= 0) {
                throw new IOException("the part became shorter meanwhile");
            }
            at += count;
        }
    }

    /** Deletes the part unless the work is done. */
    @Override
    public void close() throws IOException {
        try (part) {
            channel.close();
        }
    }
}
