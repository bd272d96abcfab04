package dev.bgem3.engine;

import dev.bgem3.io.QuietLogger;
import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Halves of surrogate pairs in texts: what is left of an emoji that was cut in the middle. They are no
 * characters; tokenizers read each as U+FFFD.
 */
public final class LoneSurrogates {
    private static final QuietLogger LOGGER = QuietLogger.of("dev.bgem3");
    private static final AtomicBoolean LOGGED = new AtomicBoolean();

    private LoneSurrogates() {}

    /** Returns how many a text has. */
    public static int count(String text) {
        int count = 0;
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                if (i + 1 < text.length() && Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1))) {
                    i++;
                } else {
                    count++;
                }
            }
        }
        return count;
    }

    /** Warns of the first text of this process that has one. */
    static void warn(String name, String text) {
        if (!LOGGED.get() && count(text) > 0 && LOGGED.compareAndSet(false, true)) {
            LOGGER.log(Level.WARNING,
                    "{0}: half of a surrogate pair, which is read as U+FFFD; more such texts "
                            + "are not logged",
                    name);
        }
    }
}
