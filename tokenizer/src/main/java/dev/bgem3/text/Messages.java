package dev.bgem3.text;

import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Objects;

/** Formats values and exceptions for messages about files. */
public final class Messages {
    private static final int MAX_CHARS = 100;

    private Messages() {}

    /** Returns text from a file as printable ASCII on one line, shortened for a message. */
    public static String printable(String text) {
        return cut(text).replaceAll("[^\\x20-\\x7e]", "?");
    }

    /** Returns a value from a file on one line, in any script, shortened for a message. */
    public static String shown(Object value) {
        // Control, format, unassigned, private-use and unpaired surrogate characters; line and paragraph
        // separators.
        return cut(String.valueOf(value)).replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?");
    }

    /** Says why reading or writing failed, without the path, which the surrounding message names. */
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
