package dev.bgem3.engine;

import dev.bgem3.error.CancelledException;
import dev.bgem3.error.InputException;
import dev.bgem3.error.OutOfDeviceMemoryException;
import dev.bgem3.tokenizer.Encoding;
import dev.bgem3.tokenizer.Tokenizer;
import dev.bgem3.tokenizer.TokenizerException;
import java.lang.reflect.UndeclaredThrowableException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;

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

    /**
     * Tokenizes texts after {@code prepare}.
     *
     * @param place
     *            what messages call the text at an index: {@code text 7}
     * @param maxLength
     *            the most tokens of a text; what is beyond is cut
     * @param fromLeft
     *            whether its beginning is cut and not its end; the first token stays in any case
     * @param before
     *            run before each text; what it throws ends the work
     */
    public static List<TokenizedText> of(List<String> texts, IntFunction<String> place,
            UnaryOperator<String> prepare, Tokenizer tokenizer, int maxLength, boolean fromLeft,
            Runnable before) {
        List<TokenizedText> tokenized = new ArrayList<>(texts.size());
        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i);
            if (text == null) {
                throw new InputException(place.apply(i) + ": null (expected: a string)");
            }
            before.run();
            String name = place.apply(i) + " (\"" + beginning(text) + "\")";
            Encoding encoding = encode(name, prepare.apply(text), fromLeft ? Integer.MAX_VALUE : maxLength,
                    tokenizer);
            int[] ids = cutFromLeft(encoding.ids(), maxLength, tokenizer.prefixIds());
            tokenized.add(new TokenizedText(ids, encoding.fullLength(), name));
        }
        return tokenized;
    }

    /** The special ids before the text, then the last of the others that there is room for. */
    private static int[] cutFromLeft(int[] ids, int maxLength, int[] prefix) {
        if (ids.length <= maxLength) {
            return ids;
        }
        int[] cut = Arrays.copyOfRange(ids, ids.length - maxLength, ids.length);
        System.arraycopy(prefix, 0, cut, 0, prefix.length);
        return cut;
    }

    static Encoding encode(String name, String text, int maxLength, Tokenizer tokenizer) {
        try {
            return tokenizer.encode(text, maxLength);
        } catch (TokenizerException e) { // A text of 2³¹ characters once normalised.
            throw new InputException(name + ": " + e.getMessage(), e);
        }
    }

    /**
     * Takes ids as they are and checks them.
     *
     * @param vocabSize
     *            ids are below this
     * @param maxLength
     *            the most tokens of a text; more are an error
     */
    public static List<TokenizedText> ofTokenIds(List<int[]> texts, int vocabSize, int maxLength) {
        List<TokenizedText> tokenized = new ArrayList<>(texts.size());
        for (int i = 0; i < texts.size(); i++) {
            int[] ids = texts.get(i);
            if (ids == null || ids.length < 1 || ids.length > maxLength) {
                throw new InputException(
                        "text " + i + ": " + (ids == null ? "null" : ids.length + " token ids")
                                + " (expected: 1.." + maxLength + ")");
            }
            for (int id : ids) {
                if (id < 0 || id >= vocabSize) {
                    throw new InputException("text " + i + ": token id " + id + " (expected: 0.."
                            + (vocabSize - 1) + ")");
                }
            }
            tokenized.add(new TokenizedText(ids.clone(), ids.length, "text " + i));
        }
        return tokenized;
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
