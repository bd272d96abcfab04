package dev.bgem3.io;

import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Objects;

/** The wording that messages about files have in common. */
public final class Messages {
    private static final int MOST_CHARS = 100;

    private Messages() {}

    /** Text from a file for a message: printable ASCII, one line and not long. */
    public static String printable(String text) {
        String cut = text.length() > MOST_CHARS ? text.substring(0, MOST_CHARS) + "..." : text;
        return cut.replaceAll("[^\\x20-\\x7e]", "?");
    }

    /** Why reading or writing failed, in words, without the path that the message around it names. */
    public static String reason(Exception failure) {
        return switch (failure) {
            case ClosedByInterruptException _ -> "the thread was interrupted";
            case NoSuchFileException _ -> "no such file or folder";
            case AccessDeniedException _ -> "permission denied";
            case FileAlreadyExistsException _ -> "it exists already";
            case NotDirectoryException _ -> "not a folder";
            case DirectoryNotEmptyException _ -> "the folder is not empty";
            case FileSystemException e -> Objects.requireNonNullElse(e.getReason(), "input or output failed");
            default -> Objects.requireNonNullElse(failure.getMessage(), "input or output failed");
        };
    }
}
