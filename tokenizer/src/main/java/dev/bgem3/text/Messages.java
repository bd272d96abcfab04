package dev.bgem3.text;

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
    private static final int MAX_CHARS = 100;

    private Messages() {}

    /** Text from a file for a message, printable ASCII: on one line and not long. */
    public static String printable(String text) {
        return cut(text).replaceAll("[^\\x20-\\x7e]", "?");
    }

    /** A value from a file for a message, in any script: on one line and not long. */
    public static String shown(Object value) {
        // Control and format characters, what is unassigned, private or half a pair, line and paragraph
        // separators.
        return cut(String.valueOf(value)).replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?");
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

    private static String cut(String text) {
        if (text.length() <= MAX_CHARS) {
            return text;
        }
        boolean splitsPair = Character.isSurrogatePair(text.charAt(MAX_CHARS - 1), text.charAt(MAX_CHARS));
        return text.substring(0, splitsPair ? MAX_CHARS - 1 : MAX_CHARS) + "...";
    }
}
