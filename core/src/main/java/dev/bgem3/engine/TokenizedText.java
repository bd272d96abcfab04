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
 * A text as the encoder reads it.
 *
 * @param tokenIds
 *            its ids, special ones included
 * @param fullLength
 *            the number of its ids before it was cut
 * @param name
 *            what messages call it: its place among the texts, and how it begins
 */
public record TokenizedText(int[] tokenIds, int fullLength, String name) {
    private static final int NAME_CHARS = 40;

    /** What messages add to the place of a text: how it begins, in quotation marks and parentheses. */
    public static String quoted(String text) {
        return " (\"" + beginning(text) + "\")";
    }

    static Encoding encode(String name, String text, int maxLength, Tokenizer tokenizer) {
        try {
            return tokenizer.encode(text, maxLength);
        } catch (TokenizerException e) { // A text of 2³¹ characters once normalised.
            throw new InputException(name + ": " + e.getMessage(), e);
        }
    }

    /** So much of a text as tells it from others, on one line. */
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

    /** Says that a device's memory does not suffice for this text by itself. */
    public OutOfDeviceMemoryException outOfMemory(OutOfDeviceMemoryException why) {
        return new OutOfDeviceMemoryException(name + ": " + tokenIds.length + " tokens: " + why.getMessage(),
                why);
    }

    /**
     * Asks the caller; a checked exception, which code in other languages may throw, becomes the cause of an
     * unchecked one.
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
