package dev.bgem3.io;

import java.io.IOException;

/** The wording that messages about files have in common. */
public final class Messages {
    private static final int MOST_CHARS = 100;

    private Messages() {}

    /** Text from a file for a message: printable ASCII, one line and not long. */
    public static String printable(String text) {
        String cut = text.length() > MOST_CHARS ? text.substring(0, MOST_CHARS) + "..." : text;
        return cut.replaceAll("[^\\x20-\\x7e]", "?");
    }

    /** Why reading or writing failed: the exception's kind, since the message of some is only a path. */
    public static String reason(Exception failure) {
        return failure.getClass() == IOException.class
                ? failure.getMessage()
                : failure.getClass().getSimpleName().replace("Exception", "") + ": " + failure.getMessage();
    }
}
