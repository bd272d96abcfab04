package dev.bgem3.app.stream;

import dev.bgem3.io.MountPoints;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.Optional;

/**
 * A file that is there already where results are to go. A new file takes its place if nobody can tell the
 * difference; otherwise it is written in place, as a shell's {@code >} does.
 *
 * @param path
 *            its real path
 */
record OldFile(Path path) {
    /** Changes nothing, and tells exactly what the system has against it: a read-only disk, for example. */
    void requireWritable() throws IOException {
        FileChannel.open(path, StandardOpenOption.WRITE).close();
    }

    /** Why no new file may take its place, whatever that one is like; empty where one may. */
    Optional<String> reasonToStay() throws IOException {
        if (MountPoints.contain(path)) {
            return Optional.of("it is a mount point");
        }
        int names = path.getFileSystem().supportedFileAttributeViews().contains("unix")
                ? (Integer) Files.getAttribute(path, "unix:nlink")
                : 1;
        return names > 1 ? Optional.of("it has " + names + " names (hard links)") : Optional.empty();
    }

    /** Gives a new file the same owner, group and permissions; why that is impossible, or empty. */
    Optional<String> makeAlike(Path file) throws IOException {
        PosixFileAttributeView view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
        if (view == null) {
            return Optional.empty();
        }
        PosixFileAttributes own = Files.readAttributes(path, PosixFileAttributes.class);
        PosixFileAttributes others = view.readAttributes();
        try {
            if (!own.group().equals(others.group())) {
                view.setGroup(own.group());
            }
            if (!own.owner().equals(others.owner())) {
                view.setOwner(own.owner());
            }
            // Last: a change of owner may take permissions away, and nobody else may read the file before.
            view.setPermissions(own.permissions());
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of("a new file cannot have its owner, group and permissions ("
                    + IoFault.reason(e) + ")");
        }
    }
}
