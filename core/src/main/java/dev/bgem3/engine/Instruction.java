package dev.bgem3.engine;

import java.util.Objects;

/** FlagEmbedding's instructions: {@code format.format(instruction, text)}. */
public final class Instruction {
    private static final String SLOT = "{}";

    private Instruction() {}

    /** Throws unless a format has {@code {}} twice. */
    public static void checkFormat(String name, String format) {
        Objects.requireNonNull(format, name);
        int first = format.indexOf(SLOT);
        int second = first < 0 ? -1 : format.indexOf(SLOT, first + SLOT.length());
        if (second < 0 || format.indexOf(SLOT, second + SLOT.length()) >= 0) {
            throw new IllegalArgumentException(name + ": \"" + format
                    + "\" (expected: {} twice, for the instruction and for the text)");
        }
    }

    /** Returns the text with its instruction, or the text itself if the instruction is empty. */
    public static String apply(String format, String instruction, String text) {
        if (instruction.isEmpty()) {
            return text;
        }
        int first = format.indexOf(SLOT);
        int second = format.indexOf(SLOT, first + SLOT.length());
        return format.substring(0, first) + instruction + format.substring(first + SLOT.length(), second)
                + text
                + format.substring(second + SLOT.length());
    }
}
