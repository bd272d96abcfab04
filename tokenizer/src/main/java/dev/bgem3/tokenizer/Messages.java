package dev.bgem3.tokenizer;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Objects;

/** The wording that messages about files have in common. */
final class Messages {
    private static final int MOST_CHARS = 100;

    private Messages() {}

    /** A value from a file for a message: on one line and not long. */
    static String shown(Object value) {
        String text = String.valueOf(value);
        boolean splitsPair = text.length() > MOST_CHARS
                && Character.isSurrogatePair(text.charAt(MOST_CHARS - 1), text.charAt(MOST_CHARS));
        String cut = text.length() > MOST_CHARS
                ? text.substring(0, splitsPair ? MOST_CHARS - 1 : MOST_CHARS) + "..."
                : text;
        // Control and format characters, what is unassigned, private or half a pair, line and paragraph
        // separators.
        return cut.replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?");
    }

    /** Why reading failed, in words, without the path that the message around it names. */
    static String reason(IOException failure) {
        return switch (failure) {
            case NoSuchFileException _ -> "no such file or folder";
            case AccessDeniedException _ -> "permission denied";
            case FileSystemException e -> Objects.requireNonNullElse(e.getReason(), "reading failed");
            default -> Objects.requireNonNullElse(failure.getMessage(), "reading failed");
        };
    }
}
