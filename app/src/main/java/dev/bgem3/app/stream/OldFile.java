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
 * An existing file that the results overwrite. A new file replaces it if it can get the old file's owner,
 * group, permissions and user-defined attributes ({@code user.*} on Linux, streams on Windows). Otherwise the
 * file is written in place, as a shell's {@code >} does. A file with a Linux access control list, which Java
 * cannot copy, is also written in place, and so is a file in whose folder new files get such a list. The
 * system's own attributes, such as SELinux labels, and the access control lists of other systems are not
 * copied: a new file inherits those of the folder.
 *
 * @param path
 *            the file's real path
 */
record OldFile(Path path) {
    /** Opens the file for writing, without changing it, so that the system says why it is not writable. */
    void requireWritable() throws IOException {
        FileChannel.open(path, StandardOpenOption.WRITE).close();
    }

    /** Returns why no new file may replace it, whatever its attributes; empty if one may. */
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
     * Copies the user-defined attributes, owner, group and permissions to a new file. Returns why this is
     * impossible, or empty.
     */
    Optional<String> makeAlike(Path file) throws IOException {
        // Its mask would be the permissions of the group: those named in it could then read the file.
        if (SystemCalls.hasAccessControlList(file)) {
            return Optional.of("a new file gets an access control list from its folder");
        }
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
            // Last: a change of owner may clear permissions, and until then nobody else may read the file.
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
