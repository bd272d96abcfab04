package dev.bgem3.app.hub;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;

/** Helpers of this package for files and for the wording of messages. */
final class HubFiles {
    private static final int MAX_CHARS = 120;

    private HubFiles() {}

    /** Makes text from outside fit for a message: one short line of printable ASCII. */
    static String printable(String text) {
        String cut = text.length() > MAX_CHARS ? text.substring(0, MAX_CHARS) + "..." : text;
        return cut.replaceAll("[^\\x20-\\x7e]", "?");
    }

    /** Returns the exception for a file that cannot be read or written. */
    static HubException failure(Path path, IOException failure) {
        String reason = switch (failure) {
            case NoSuchFileException _ -> "no such file or folder";
            case AccessDeniedException _ -> "permission denied";
            case FileAlreadyExistsException _ -> "a file is in the way";
            case FileSystemException e when e.getReason() != null -> e.getReason();
            default -> Objects.requireNonNullElse(failure.getMessage(), failure.getClass().getSimpleName());
        };
        return new HubException(path + ": " + reason, failure);
    }

    /** Creates a folder and its parents. */
    static void createFolder(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw failure(folder, e);
        }
    }

    /** Moves a file atomically, replacing an existing one. */
    static void move(Path from, Path to) {
        try {
            Files.createDirectories(to.getParent());
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw failure(to, e);
        }
    }

    /** Writes a small file atomically, first as {@code part}, which must be on the same file system. */
    static void write(Path path, Path part, String text) {
        createFolder(part.getParent());
        try {
            Files.writeString(part, text);
        } catch (IOException e) {
            throw failure(part, e);
        }
        move(part, path);
    }

    /** Does the same with a temporary file next to the file itself. */
    static void write(Path path, String text) {
        write(path, path.resolveSibling(path.getFileName() + ".bgem3.part"), text);
    }

    static void delete(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw failure(path, e);
        }
    }

    /** Formats a duration for messages. */
    static String seconds(Duration time) {
        return time.toMillis() % 1_000 == 0
                ? time.toSeconds() + " s"
                : String.format(Locale.ROOT, "%.1f s", Math.max(100, time.toMillis()) / 1e3);
    }

    /** Formats a number of bytes in decimal units, as disk vendors and the hub do. */
    static String size(long bytes) {
        if (bytes < 1_000) {
            return bytes + " bytes";
        }
        if (bytes < 1_000_000) {
            return String.format(Locale.ROOT, "%.1f kB", bytes / 1e3);
        }
        return bytes < 1_000_000_000
                ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6)
                : String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
    }
}
