package dev.bgem3.engine;

import dev.bgem3.error.CancelledException;
import dev.bgem3.error.InputException;
import dev.bgem3.error.OutOfDeviceMemoryException;
import dev.bgem3.tokenizer.Encoding;
import dev.bgem3.tokenizer.Tokenizer;
import dev.bgem3.tokenizer.TokenizerException;
import java.lang.reflect.UndeclaredThrowableException;
import java.util.function.BooleanSupplier;

/**
 * A tokenized text.
 *
 * @param tokenIds
 *            its token ids, including special ones
 * @param fullLength
 *            the number of its tokens before it was cut
 * @param name
 *            its name in messages: its place among the texts, and its beginning
 */
public record TokenizedText(int[] tokenIds, int fullLength, String name) {
    private static final int NAME_CHARS = 40;

    /**
     * Returns what messages add to the place of a text: its beginning, in quotation marks and parentheses.
     */
    public static String quoted(String text) {
        return " (\"" + beginning(text) + "\")";
    }

    static Encoding encode(String name, String text, int maxLength, Tokenizer tokenizer) {
        LoneSurrogates.warn(name, text);
        try {
            return tokenizer.encode(text, maxLength);
        } catch (TokenizerException e) { // Normalisation made it longer than 2³¹ characters.
            throw new InputException(name + ": " + e.getMessage(), e);
        }
    }

    /** Returns the beginning of a text on one line, enough to tell it from others. */
    static String beginning(String text) {
        if (text.length() <= NAME_CHARS) {
            return printable(text);
        }
        boolean splitsPair = Character.isSurrogatePair(text.charAt(NAME_CHARS - 1), text.charAt(NAME_CHARS));
        return printable(text.substring(0, splitsPair ? NAME_CHARS - 1 : NAME_CHARS)) + "…";
    }

    private static String printable(String text) {
        StringBuilder printable = new StringBuilder(text.length());
        text.chars().forEach(c -> printable.append(Character.isISOControl(c) ? ' ' : (char) c));
        return printable.toString();
    }

    /** Returns an exception saying that a device does not have enough memory for this text alone. */
    public OutOfDeviceMemoryException outOfMemory(OutOfDeviceMemoryException why) {
        return new OutOfDeviceMemoryException(name + ": " + tokenIds.length + " tokens: " + why.getMessage(),
                why);
    }

    /**
     * Throws if the caller has cancelled. A checked exception, which code in other languages may throw,
     * becomes the cause of an unchecked one.
     */
    public static void checkCancelled(BooleanSupplier cancelled) {
        boolean wanted;
        try {
            wanted = !cancelled.getAsBoolean();
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable checked) {
            throw new UndeclaredThrowableException(checked);
        }
        if (!wanted) {
            throw new CancelledException("cancelled by the caller");
        }
    }
}
