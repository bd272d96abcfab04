package dev.bgem3.app.stream;

import dev.bgem3.io.MountPoints;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.Optional;

/**
 * A file that is there already where results are to go. A new file takes its place if it can be given the old
 * one's owner, group, permissions and attributes of the user's ({@code user.*} on Linux, streams on Windows);
 * otherwise it is written in place, as a shell's {@code >} does. In place too is written what has an access
 * control list of Linux, which Java has no view of. What the system itself keeps with a file, such as a label
 * of SELinux, and the lists of other systems are not carried over: a new file has those of the folder.
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
        if (names > 1) {
            return Optional.of("it has " + names + " names (hard links)");
        }
        return SystemCalls.hasAccessControlList(path)
                ? Optional.of("it has an access control list")
                : Optional.empty();
    }

    /**
     * Gives a new file the same attributes of the user's, owner, group and permissions; why that is
     * impossible, or empty.
     */
    Optional<String> makeAlike(Path file) throws IOException {
        try {
            copyUserAttributes(file);
        } catch (IOException e) {
            return Optional.of("a new file cannot have its extended attributes (" + IoFault.reason(e) + ")");
        }
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

    private void copyUserAttributes(Path file) throws IOException {
        if (!Files.getFileStore(path).supportsFileAttributeView(UserDefinedFileAttributeView.class)) {
            return;
        }
        UserDefinedFileAttributeView own = Files.getFileAttributeView(path,
                UserDefinedFileAttributeView.class);
        UserDefinedFileAttributeView others = Files.getFileAttributeView(file,
                UserDefinedFileAttributeView.class);
        for (String name : own.list()) {
            ByteBuffer value = ByteBuffer.allocate(own.size(name));
            own.read(name, value);
            others.write(name, value.flip());
        }
    }
}
