package dev.bgem3.asm.x64;

/** Range checks with a uniform message. */
final class Ranges {
    private Ranges() {}

    static int check(String what, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    what + ": " + value + " (expected: " + least + ".." + most + ")");
        }
        return (int) value;
    }

    static boolean isInt8(long value) {
        return value == (byte) value;
    }

    static boolean isInt32(long value) {
        return value == (int) value;
    }
}
