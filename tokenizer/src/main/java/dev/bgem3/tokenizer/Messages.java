package dev.bgem3.tokenizer;

import java.io.IOException;

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

    /** Why reading failed: the exception's kind, since the message of some is only a path. */
    static String reason(IOException failure) {
        return failure.getClass() == IOException.class
                ? failure.getMessage()
                : failure.getClass().getSimpleName().replace("Exception", "") + ": " + failure.getMessage();
    }
}
